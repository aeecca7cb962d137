"""Decides what goes into the bundle: read by `flowersorter.spec`, which PyInstaller runs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from installers.product import PACKAGING, ROOT, BuildError

#: An entry of PyInstaller's tables: path in the bundle, path on this computer, kind.
Entry = tuple[str, str, str]

#: Distributions whose version the program shows or asks for; with them go their licence files.
METADATA = (
    "flowersorter",
    "numpy",
    "onnx",
    "openvino",
    "pillow",
    "pillow-heif",
    "pylibjxl",
    "pyside6-essentials",
    "rawpy",
    "safetensors",
    "torch",
    "torchvision",
)
#: Modules that are imported by a name made at run time, with all modules below them.
HIDDEN_PACKAGES = ("flowersorter",)
#: The engine for processors, where there is a build of it: its module, and the folder of its libraries in the bundle.
_OPENVINO, _OPENVINO_LIBRARIES = "openvino", "openvino/libs"
#: Single modules of that kind; all of `torchvision` would bring its compiled operators, which the program never calls.
HIDDEN_MODULES = (
    "torchvision.models.resnet",
    "PIL.AvifImagePlugin",
    "PIL.MpoImagePlugin",
    "onnx",
    *(name for name in (_OPENVINO, "pylibjxl", "rawpy") if find_spec(name)),
)
#: Packages that read their own source code.
WITH_SOURCE = ("torch",)
#: Modules that others import where they are there, and that nothing here needs.
EXCLUDED = (
    "IPython",
    "PySide6.QtQml",
    "PySide6.QtQuick",
    "PySide6.QtTest",
    "_pytest",
    "cv2",
    "gi",
    "matplotlib",
    "mypy",
    "networkx",
    "onnx.backend.test",
    "openvino.frontend.jax",
    "openvino.frontend.onnx",
    "openvino.frontend.paddle",
    "openvino.frontend.pytorch",
    "openvino.frontend.tensorflow",
    "openvino.tools",
    "openvino.torch",
    "openvino_telemetry",
    "pandas",
    "pip",
    "pygments",
    "pytest",
    "scipy",
    "setuptools",
    "tensorboard",
    "tkinter",
    "torch.utils.tensorboard",
    "torchvision.datasets",
    "torchvision.io",
    "torchvision.ops",
)
#: Languages of the program: Qt's own texts are shown in these.
_LANGUAGES = "|".join(sorted({file.stem.partition("_")[0] for file in (ROOT / "flowersorter/locale").glob("*.po")}))
#: Files that are left out, by their path in the bundle.
_LEFT_OUT = re.compile(
    rf"""
    flowersorter/resources/screenshots/ |         # for the README
    torch/(include|share|test)/ |                 # for those who compile against torch
    torch/bin/(?!torch_shm_manager) |             # its own tests and compilers
    torch/lib/(.*\.(lib|a)$|libtorchbind_test|libjitbackend_test|libbackend_with_compiler) |
    torch/(ao|onnx)/.*\.py$ |                     # sources of parts that read none of theirs
    torch-[^/]+\.dist-info/(RECORD$|licenses/) | # the list of licences has the texts
    torchvision/.*\.(so|pyd|dll|dylib)$ | torchvision\.libs/ |
    onnx/backend/test/ | onnx/.*\.(proto|h|cc)$ |
    openvino/(cmake|include|tools|torch)/ |       # the network is built in memory, for the processor alone:
    openvino/libs/(?!(lib)?(openvino|openvino_(intel|arm)_cpu_plugin|tbb(12)?|tbbbind\w*|tbbmalloc|hwloc)\.) |
    openvino/libs/.*\.(json|pc|lib)$ |
    PySide6/(Qt/)?qml/ |
    PySide6/(Qt/)?plugins/(egldeviceintegrations|generic|networkinformation|qmltooling|sqldrivers|tls)/ |
    PySide6/(Qt/)?plugins/platforms/libq(eglfs|linuxfb|minimal|minimalegl|vkkhrdisplay|vnc)\. |
    PySide6/(Qt/)?plugins/platformthemes/libqgtk3 |
    PySide6/(Qt/)?plugins/imageformats/(lib)?q(gif|icns|pdf|tga|tiff|wbmp|webp)\b |  # photos come from Pillow
    rawpy/.*\.(h|pyx|pyi)$ |
    PySide6/(Qt/)?translations/(?!qtbase_({_LANGUAGES})[_.]) |
    ^libmvec\. |                                  # of the system's C library, as all its other parts
    (lib)?Qt6(Qml|Quick|Pdf|VirtualKeyboard|EglF[sS])\w*\. | (lib)?qtvirtualkeyboard\w*\.
    """,
    re.VERBOSE,
)
#: Sources of packages without a file.
_NO_FILE = ("", "-")
_PYTHON = re.compile(r"(lib)?python", re.IGNORECASE)
#: Libraries of packages that keep their symbols for debuggers.
_WITH_SYMBOLS = re.compile(r"torch/lib/")
#: The video encoder as the wheels of pillow-heif name it on Linux, macOS and Windows.
_ENCODER = re.compile(r"libx265[.-](?:\w+\.so\.)?(\d+)\b")


def installed(distributions: Iterable[str]) -> list[str]:
    """Those of the distributions that are installed here: OpenVINO has no build for some systems."""
    return [name for name in distributions if any(metadata.distributions(name=name))]


def loaded_by_name() -> list[tuple[str, str]]:
    """The libraries of OpenVINO that it loads by name: each file, and its folder in the bundle."""
    spec = find_spec(_OPENVINO)
    if spec is None or spec.origin is None:
        return []
    files = sorted((Path(spec.origin).parent / "libs").iterdir())
    return [(str(file), _OPENVINO_LIBRARIES) for file in files if not is_left_out(f"{_OPENVINO_LIBRARIES}/{file.name}")]


def is_left_out(place: str) -> bool:
    """Whether a file with this path in the bundle is left out."""
    return _LEFT_OUT.search(PurePosixPath(place.replace("\\", "/")).as_posix()) is not None


def chosen(entries: Iterable[Entry]) -> list[Entry]:
    """The files that go into the bundle."""
    return [entry for entry in entries if not is_left_out(entry[0])]


def needed(entries: Iterable[Entry], imports_of: Callable[[str], Iterable[str]]) -> list[Entry]:
    """Drop libraries that were found for files that are left out.

    Args:
        entries: The binary files of the bundle. Those at its top are libraries that others need; the rest is asked for.
        imports_of: The names of the libraries that a file is linked to.
    """
    found = {_file_name(entry[0]): entry for entry in entries if _is_needed_by_others(entry)}
    kept = [entry for entry in entries if not _is_needed_by_others(entry)]
    names = set[str]()
    for _, source, kind in kept:  # grows
        if kind == "SYMLINK":
            continue
        new = {name for name in map(_file_name, imports_of(source)) if name in found} - names
        names |= new
        kept += [found[name] for name in sorted(new)]
    return kept


def _is_needed_by_others(entry: Entry) -> bool:
    place, _, kind = entry
    return kind == "BINARY" and len(PurePosixPath(place.replace("\\", "/")).parts) == 1 and not _PYTHON.match(place)


def _file_name(path: str) -> str:
    """In lower case: Windows does not tell upper case from lower case, and the others' names differ in more."""
    return PurePosixPath(path.replace("\\", "/")).name.lower()


def without_symbols(entries: Iterable[Entry], folder: Path) -> list[Entry]:
    """Remove the symbols for debuggers on Linux: torch has 98 MB of them, some builds of Python 40 MB."""
    if sys.platform != "linux" or shutil.which("strip") is None:
        return list(entries)
    made = list[Entry]()
    for place, source, kind in entries:
        if kind in ("BINARY", "EXTENSION") and (_WITH_SYMBOLS.match(place) or _is_of_python(source)):
            small = folder / place
            small.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["strip", "--strip-unneeded", "-o", small, source], check=True)
            made.append((place, str(small), kind))
        else:
            made.append((place, source, kind))
    return made


def _is_of_python(source: str) -> bool:
    """Whether a file came with a Python that is not the system's."""
    base = Path(sys.base_prefix).resolve()
    return base != Path("/usr") and Path(source).resolve().is_relative_to(base)


def without_encoder(entries: Iterable[Entry], folder: Path) -> list[Entry]:
    """Put a library that does nothing in the place of libx265, which is under the GPL and only encodes.

    Args:
        entries: The libraries of the bundle.
        folder: Where the library is made.

    Raises:
        BuildError: there is no C compiler.
    """
    made = list[Entry]()
    for place, source, kind in entries:
        name = PurePosixPath(place.replace("\\", "/")).name
        build = encoder_build(name)
        made.append((place, str(_stand_in(name, build, folder)) if build else source, kind))
    return made


def encoder_build(name: str) -> str:
    """The build number in the name of a libx265, which is in the names of its functions too; "" for other files."""
    found = _ENCODER.match(name)
    return found[1] if found else ""


def _stand_in(name: str, build: str, folder: Path) -> Path:
    """Compile the library under the name that libheif asks for."""
    folder.mkdir(parents=True, exist_ok=True)
    library = folder / name
    if library.suffix == ".dylib":
        command = ["cc", "-dynamiclib", "-install_name", f"@rpath/{name}"]
    elif library.suffix == ".dll":
        command = ["gcc", "-shared", "-static-libgcc"]
    else:
        command = ["cc", "-shared", "-fPIC", f"-Wl,-soname,{name}"]
    source = PACKAGING / "no_encoder.c"
    try:
        subprocess.run([*command, "-O2", f"-DBUILD={build}", "-o", library, source], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BuildError(f"The library in the place of libx265 cannot be compiled: {error}.") from error
    return library


def write_origins(tables: Sequence[Iterable[Entry]], file: Path) -> None:
    """Write a line for each file of the bundle: its path there, a tab, its path on this computer."""
    lines = {
        f"{place}\t{source}"
        for table in tables
        for place, source, kind in table
        if kind != "SYMLINK" and source not in _NO_FILE
    }
    file.write_text("\n".join(sorted(lines)) + "\n", encoding="utf-8")


def icon_suffix() -> str:
    """The kind of icon that this system's programs have."""
    return {"win32": ".ico", "darwin": ".icns"}.get(sys.platform, ".png")
