"""Finds and loads the packages that run a network, and refuses features that need a missing PyTorch."""

from __future__ import annotations

import logging
import sys
import threading
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from flowersorter.errors import UserError
from flowersorter.messages import text

log = logging.getLogger(__name__)

#: A part of OpenVINO that takes longer to import than all the rest, and loads a package that sends statistics.
_CONVERTER = "openvino.tools.ovc"
_importing = threading.Lock()


def has_torch() -> bool:
    """Whether PyTorch is installed; does not load it."""
    return find_spec("torch") is not None and find_spec("torchvision") is not None


def has_openvino() -> bool:
    """Whether OpenVINO is installed: not every system has a build of it. Torch takes its place there."""
    return find_spec("openvino") is not None


@cache
def can_load_openvino() -> bool:
    """Whether OpenVINO is installed and loads here; loads it. One that lacks a library of the system is logged once."""
    if not has_openvino():
        return False
    try:
        load_openvino()
    except (ImportError, OSError):
        log.warning("OpenVINO cannot be loaded; PyTorch computes suggestions", exc_info=True)
        return False
    return True


def load_openvino() -> ModuleType:
    """Import OpenVINO without its converter of other programs' files."""
    with _importing:
        if "openvino" in sys.modules:
            return sys.modules["openvino"]
        converter = sys.modules.get(_CONVERTER)
        sys.modules[_CONVERTER] = None  # type: ignore[assignment]  # the import system's own mark of a missing module
        try:
            return import_module("openvino")
        finally:
            del sys.modules[_CONVERTER]
            if converter is not None:
                sys.modules[_CONVERTER] = converter


def require_torch(refusal: str) -> None:
    """Refuse a feature that needs PyTorch if that is missing, before anything heavy is loaded.

    Args:
        refusal: The sentence that names the refused feature, without its full stop.

    Raises:
        UserError: PyTorch is not installed.
    """
    if not has_torch():
        raise UserError(
            refusal,
            text("that needs PyTorch, which is not installed"),
            text("Install it with: pip install torch torchvision"),
        )
