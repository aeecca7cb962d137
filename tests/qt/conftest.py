"""What every test of the window gets: no screen, and failure where a thread, a timer or a Qt warning is left behind."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from functools import partialmethod
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QLocale, QObject, QRect, QThread, QTimer, QTranslator
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from flowersorter.messages import set_translations
from flowersorter.translations import LOCALE_FOLDER, Catalogue
from flowersorter.ui.shared.qt_translator import install_translator
from tests.qt.library_guard import watch_library

HERE = Path(__file__).parent
#: How long a test waits for what must come: no more than a bound, so it suits a machine that is busy with other things
#: (the longest wait, a dozen fits of the starter's 1,500 photos, takes 7 s on two idle cores, and took more than 30).
WAIT_MS = 180_000
#: What Qt's platform without a screen says about itself; it is no fault of a dialog or a menu.
HARMLESS = (
    r"^This plugin does not support propagateSizeHints\(\)$",
    r"^This plugin does not support raise\(\)$",
    r"^This plugin does not support grabbing the keyboard$",
)


class PatientBot(QtBot):
    """Waits as long as a slow machine may need."""

    waitUntil = partialmethod(QtBot.waitUntil, timeout=WAIT_MS)  # noqa: N815 - its name
    waitSignal = partialmethod(QtBot.waitSignal, timeout=WAIT_MS)  # noqa: N815 - its name
    waitSignals = partialmethod(QtBot.waitSignals, timeout=WAIT_MS)  # noqa: N815 - its name
    waitExposed = partialmethod(QtBot.waitExposed, timeout=WAIT_MS)  # noqa: N815 - its name
    waitActive = partialmethod(QtBot.waitActive, timeout=WAIT_MS)  # noqa: N815 - its name
    waitCallback = partialmethod(QtBot.waitCallback, timeout=WAIT_MS)  # noqa: N815 - its name


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> PatientBot:
    """The one of pytest-qt, with more patience."""
    del qapp  # it has to be there
    return PatientBot(request)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A warning by Qt fails the test it came up in."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.qt_log_level_fail("WARNING"))
            item.add_marker(pytest.mark.qt_log_ignore(*HARMLESS))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Collect what a test leaves in this thread, before the threads of the next one run.

    Not every test runs a whole program, whose `GuiThreadGc` says what happens where another thread collects it. What
    survives is frozen: walking all of torch takes 0.5 s.
    """
    try:
        return (yield)
    finally:
        if HERE in item.path.parents:
            gc.collect()
            gc.freeze()


@pytest.fixture(autouse=True)
def roomy_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The screen of Qt's platform without one has 800 x 800 pixels, to which every window would be fitted."""
    monkeypatch.setattr("flowersorter.ui.window.window_state.screen_around", lambda _geometry: QRect(0, 0, 2560, 1440))


@pytest.fixture(autouse=True)
def no_motion(monkeypatch: pytest.MonkeyPatch) -> None:
    """What moves is at its place at once; a test that is about the motion sets `theme.MOTION_MS`."""
    monkeypatch.setattr("flowersorter.ui.shared.theme.MOTION_MS", 0)


@pytest.fixture(autouse=True)
def no_library_in_the_gui_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A test fails if the window's code uses the library in the GUI thread: it would wait while a job writes."""
    found = watch_library(monkeypatch)
    yield
    assert not found, "the library was used in the GUI thread:\n" + "\n".join(dict.fromkeys(found))


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """A thread that still runs or a timer that still ticks after a test fails it.

    pytest-qt closes the widgets it was given before fixtures end, so whatever they own is gone by now.
    """
    before = {id(each) for each in _running()}
    yield
    if QCoreApplication.instance() is not None:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    left = [_described(each) for each in _running() if id(each) not in before]
    assert not left, f"still running: {', '.join(left)}"


def _running() -> list[QThread | QTimer]:
    """Threads and timers of Python that are at work; collects dropped ones only if there are any."""
    found = _at_work()
    if found:
        gc.collect()
        found = _at_work()
    return found


def _at_work() -> list[QThread | QTimer]:
    threads, timers = _kinds_of(QThread), _kinds_of(QTimer)
    kinds, found = threads | timers, list[QThread | QTimer]()
    # By type, and by lookup: asking some lazy objects for their class imports what they stand for, and of the 100,000
    # objects nearly all are something else.
    for each in [each for each in gc.get_objects() if type(each) in kinds]:
        if isValid(each) and (each.isRunning() if type(each) in threads else each.isActive()):
            found.append(each)
    return found


def _kinds_of(kind: type) -> set[type]:
    """A class and all that derive from it."""
    return {kind}.union(*map(_kinds_of, kind.__subclasses__()))


def _described(each: QObject) -> str:
    owner = each.parent()
    name = each.objectName() or (f"of {type(owner).__name__}" if owner is not None else "without a name")
    return f"{type(each).__name__} {name}"


@pytest.fixture
def german(qapp: QApplication) -> Iterator[None]:
    """Texts, keys and numbers of the window and of Qt are German."""
    before, locale = set(qapp.findChildren(QTranslator)), QLocale()
    catalogue = Catalogue.read(LOCALE_FOLDER / "de.po")
    install_translator(qapp, catalogue, "de")
    set_translations(catalogue)
    yield
    set_translations(None)
    for translator in set(qapp.findChildren(QTranslator)) - before:
        qapp.removeTranslator(translator)
        translator.deleteLater()
    QLocale.setDefault(locale)
