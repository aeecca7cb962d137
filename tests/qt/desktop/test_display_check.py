"""Where no window can be opened the program says why, instead of letting Qt end the process."""

from __future__ import annotations

import ctypes
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from flowersorter.errors import UserError
from flowersorter.ui.desktop import display_check
from flowersorter.ui.desktop.display_check import PACKAGES, check_display
from tests.stuck import LIMIT_S

pytestmark = pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="a display is always there")

X11, WAYLAND = {"DISPLAY": ":77"}, {"WAYLAND_DISPLAY": "wayland-77", "XDG_RUNTIME_DIR": "/nowhere"}


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Libraries that are not installed; a plugin needs all of its kind."""
    absent = set[str]()

    def load(name: str) -> object:
        wanted = [name] if name in PACKAGES else [each for each in PACKAGES if "qxcb" in name or "xcb-" not in each]
        for each in wanted:
            if each in absent:
                raise OSError(f"{each}: cannot open shared object file: No such file or directory")
        return object()

    monkeypatch.setattr(ctypes, "CDLL", load)
    monkeypatch.setattr(display_check, "_x11_answers", lambda: True)
    return absent


def problem(environment: dict[str, str]) -> str:
    with pytest.raises(UserError) as caught:
        check_display(environment)
    return str(caught.value)


def test_no_display_is_one_sentence_and_exit_1(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flowersorter", str(tmp_path), "--collection", str(tmp_path / "collection")],
        cwd=Path(display_check.__file__).parents[2],
        env={"PATH": "/usr/bin", "PYTHONWARNINGS": "error", "XDG_DATA_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "The window cannot be opened: there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set). "
        'The commands in the terminal work without a window: "flowersorter --help" lists them.\n'
    )
    assert not (tmp_path / "collection").exists()


def test_nothing_is_wrong_where_the_tests_run() -> None:
    check_display({"QT_QPA_PLATFORM": "offscreen"})


def test_missing_libraries_are_named_with_their_packages(missing: set[str]) -> None:
    missing |= {"libxcb-cursor.so.0", "libEGL.so.1", "libwayland-cursor.so.0"}
    assert problem(X11) == (
        "The window cannot be opened: libEGL.so.1, libxcb-cursor.so.0 are not installed. "
        "On Debian and Ubuntu: sudo apt install libegl1 libxcb-cursor0."
    )
    assert "libwayland-cursor.so.0 are" in problem(WAYLAND)
    assert "libxcb" not in problem(WAYLAND)
    assert "libEGL.so.1 is not installed" in problem({"QT_QPA_PLATFORM": "offscreen"})


def test_one_platform_that_works_is_enough(missing: set[str]) -> None:
    missing.add("libxcb-cursor.so.0")
    assert "libxcb-cursor0" in problem(X11)
    assert "libxcb-cursor0" in problem(X11 | WAYLAND)  # Qt tries both; the first is the likelier one
    check_display(X11 | {"QT_QPA_PLATFORM": "xcb;offscreen"})


def test_another_reason_is_passed_on(missing: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> object:
        if name in PACKAGES:
            return object()
        raise OSError("libfuture.so.1: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    assert "opened: libfuture.so.1: cannot open shared object file." in problem(X11)


def test_a_display_that_does_not_answer(missing: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display_check, "_x11_answers", lambda: False)
    assert "the display :77 does not answer" in problem(X11)
    assert "the display wayland-77 does not answer" in problem(WAYLAND)
    assert "the display wayland-0 does not answer" in problem({"XDG_SESSION_TYPE": "wayland"})
    check_display(WAYLAND | {"WAYLAND_SOCKET": "7"})


def test_a_wayland_display_that_answers(missing: set[str], tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as compositor:
        compositor.bind(str(tmp_path / "wl"))
        compositor.listen()
        check_display({"WAYLAND_DISPLAY": str(tmp_path / "wl")})
        check_display({"WAYLAND_DISPLAY": "wl", "XDG_RUNTIME_DIR": str(tmp_path)})


def test_an_x_server_that_is_not_there_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        ctypes.CDLL("libxcb.so.1")
    except OSError:
        pytest.skip("libxcb is not installed")
    monkeypatch.setenv("DISPLAY", ":770")
    assert not display_check._x11_answers()


def test_an_unknown_platform_is_named(missing: set[str]) -> None:
    assert problem({"QT_QPA_PLATFORM": "paper"}) == (
        "The window cannot be opened: Qt has no platform 'paper'. Check QT_QPA_PLATFORM."
    )


def test_a_qt_of_the_distribution_looks_for_its_plugins_itself(missing: set[str]) -> None:
    missing.add("libxcb-cursor.so.0")
    check_display(X11 | {"QT_PLUGIN_PATH": "/usr/lib/qt6/plugins"})


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_other_systems_always_have_a_display(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", system)
    check_display({})
