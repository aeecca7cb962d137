"""Keeps torchvision's packages from loading completely when only one of their modules is needed."""

from __future__ import annotations

import sys
import threading
from importlib.util import find_spec, module_from_spec
from types import ModuleType

_PACKAGES = ("torchvision", "torchvision.models")
#: Attributes that importers of a package read: `from torchvision.models import *` reads the second.
_DEFINED = ("__version__", "__all__")

_lock = threading.RLock()
_running = False


def defer_torchvision() -> None:
    """Let `torchvision.models.resnet` be imported without the rest of torchvision, until more of it is used.

    The packages around that module import every operator, data set and network, and with them the compiler of torch:
    1,080 modules and 1.6 s of CPU, where the module itself needs 40 and 0.03 s (measured with torchvision 0.29). They
    are in `sys.modules` as usual, but their own code runs only when a name that it defines is accessed, such as
    `torchvision.models.get_model` or `torchvision.ops`. Every class exists once, whichever way it is reached.

    Nothing happens where torchvision is loaded, or missing.
    """
    if _PACKAGES[0] in sys.modules:
        return
    for name in _PACKAGES:
        spec = find_spec(name)
        if spec is None:
            return
        package = module_from_spec(spec)
        package.__class__ = _DeferredPackage
        sys.modules[name] = package
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, package)


class _DeferredPackage(ModuleType):
    """A package whose code has not run yet; its modules can be imported."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__") and name not in _DEFINED:  # asked by the import system, of every module
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        with _lock:
            _run_packages()
        return ModuleType.__getattribute__(self, name)

    def __dir__(self) -> list[str]:
        with _lock:
            _run_packages()
        return sorted(vars(self))


def _run_packages() -> None:
    """Run the code of all packages, the outer one first, as an ordinary import does."""
    global _running  # noqa: PLW0603  (there is one torchvision in a process)
    if _running:  # it asks for a name that it is about to define or to import
        return
    _running = True
    try:
        packages = [sys.modules[name] for name in _PACKAGES]
        for package in [each for each in packages if isinstance(each, _DeferredPackage)]:
            assert package.__spec__ is not None
            assert package.__spec__.loader is not None
            package.__spec__.loader.exec_module(package)
            object.__setattr__(package, "__class__", ModuleType)
    finally:
        _running = False
