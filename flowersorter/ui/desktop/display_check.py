"""Checks, before Qt is loaded, whether it can open a window: where it cannot, Qt aborts the process."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from flowersorter.errors import UserError
from flowersorter.messages import plural, text

_WHAT = text("The window cannot be opened")
_HINT = text('The commands in the terminal work without a window: "flowersorter --help" lists them')

#: Libraries that Qt takes from the system, as `ldd` lists them for PySide6 6.11's libraries and its plugins for X11 and
#: Wayland, and their packages on Debian and Ubuntu.
PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
}
_ONLY_FOR = {"xcb": ("libxcb-", "libxkbcommon-x11", "libX11-xcb"), "wayland": ("libwayland",)}


def check_display(environment: Mapping[str, str] = os.environ) -> None:
    """Make sure that Qt finds a display and the libraries it needs for it.

    Loads the libraries that Qt needs first anyway, so it takes no extra time.

    Raises:
        UserError: there is no display, it does not answer, or a library is missing.
    """
    if sys.platform in {"win32", "darwin", "cygwin"}:
        return
    problems = list[UserError]()
    for platform in _platforms(environment):
        problem = _problem(platform, environment)
        if problem is None:
            return
        problems.append(problem)
    none = UserError(_WHAT, text("there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)"), _HINT)
    raise problems[0] if problems else none


def _platforms(environment: Mapping[str, str]) -> Iterator[str]:
    """Names of Qt's platform plugins, in the order in which Qt tries them."""
    chosen = environment.get("QT_QPA_PLATFORM")
    if chosen:
        yield from (each.partition(":")[0] for each in chosen.split(";") if each)
        return
    if environment.get("DISPLAY"):
        yield "xcb"
    if _wayland_display(environment):
        yield "wayland"


def _wayland_display(environment: Mapping[str, str]) -> str:
    usual = "wayland-0" if environment.get("XDG_SESSION_TYPE") == "wayland" else ""
    return environment.get("WAYLAND_DISPLAY") or usual


def _problem(platform: str, environment: Mapping[str, str]) -> UserError | None:
    """Why Qt could not use a platform; None where it can, or where that cannot be known beforehand."""
    kind = platform.partition("-")[0]  # "wayland-egl" is in the same plugin as "wayland"
    folder = _plugin_folder(environment)
    if folder is not None:
        names = (f"libq{kind}.", f"libq{kind}-")
        plugin = next((file for file in sorted(folder.iterdir()) if file.name.startswith(names)), None)
        if plugin is None:
            return UserError(
                _WHAT, text("Qt has no platform {platform!r}", platform=platform), text("Check QT_QPA_PLATFORM")
            )
        reason = _loading_problem(plugin)
        if reason:
            return _missing(kind, reason)
    display, answers = {
        "xcb": (environment.get("DISPLAY"), _x11_answers),
        "wayland": (_wayland_display(environment), lambda: _wayland_answers(environment)),
    }.get(kind, ("", lambda: True))
    return (
        None
        if answers()
        else UserError(
            _WHAT, text("the display {display} does not answer", display=display or "of this computer"), _HINT
        )
    )


def _plugin_folder(environment: Mapping[str, str]) -> Path | None:
    """The folder of Qt's platform plugins in the package; None without one, as with a Linux distribution's Qt."""
    if environment.get("QT_QPA_PLATFORM_PLUGIN_PATH") or environment.get("QT_PLUGIN_PATH"):
        return None
    found = importlib.util.find_spec("PySide6")  # finds the package and imports nothing
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent / "Qt" / "plugins" / "platforms"
    return folder if folder.is_dir() else None


def _missing(kind: str, reason: str) -> UserError:
    """Name all missing libraries at once: the system names only the first."""
    others = tuple(name for platform, names in _ONLY_FOR.items() if platform != kind for name in names)
    missing = [name for name in PACKAGES if not name.startswith(others) and _loading_problem(name)]
    if not missing:
        return UserError(_WHAT, reason, _HINT)
    packages = " ".join(dict.fromkeys(PACKAGES[name] for name in missing))
    names = ", ".join(missing)
    why = plural("{names} is not installed", "{names} are not installed", len(missing), names=names)
    return UserError(_WHAT, why, text("On Debian and Ubuntu: sudo apt install {packages}", packages=packages))


def _loading_problem(library: Path | str) -> str:
    """Load a library; returns why that fails, or ""."""
    try:
        ctypes.CDLL(str(library))
    except OSError as error:
        return str(error)
    return ""


def _x11_answers() -> bool:
    """Whether the X server that DISPLAY names takes a connection."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True  # unknown; a distribution's Qt may bring one
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    refused: int = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    return not refused


def _wayland_answers(environment: Mapping[str, str]) -> bool:
    """Whether the compositor that WAYLAND_DISPLAY names takes a connection."""
    if environment.get("WAYLAND_SOCKET"):  # open already, and for a single use
        return True
    import socket  # not at the top: it takes longer than all the rest, and X11 does without

    path = os.path.join(environment.get("XDG_RUNTIME_DIR", ""), _wayland_display(environment))  # noqa: PTH118
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(path)
        except OSError:
            return False
    return True
