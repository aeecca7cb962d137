"""The real window as a program that is reviewed: a person's clicks, keys and wheel in a folder of real photos.

The folder holds copies of the drawn photos under numbers, so that no name tells a class. Embeddings are kept in
`build/bench/review` for the next run; everything else is new in each run. The person does what the window asks: the
section that the step above the photos leads to, then those that come into view after it. One photo more than the
person sees is never looked at.

Bursts and near-copies are stacked, as the window has them at first: the person judges a stack by the photo in front,
and an answer for it is one decision. Whatever is wrong behind it stays wrong.
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QCoreApplication, QEventLoop, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from flowersorter.app import Program
from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import LEARNING_PAUSED
from flowersorter.ui.grid.photo_model import PhotoRole
from flowersorter.ui.grid.sections import Identity, Section, SectionKind
from flowersorter.ui.review.sections.review_sections import OPEN_KINDS
from flowersorter.ui.review.sections.section_headers import ConfirmHeader, GroupHeader, PairHeader
from flowersorter.ui.review.steps_bar import StepButton
from flowersorter.workers.latest_only import LatestOnly
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.filing.sort import Include, SortRequest, plan_sort
from flowersorter.workflows.labelling.class_changes import start_without_classes
from flowersorter.workflows.labelling.review_order import ROW
from flowersorter.workflows.predicting.network_loader import open_embedder
from tests.bench.review import GOALS, Person, Rows, Shown
from tests.bench.review_folders import KEPT, DrawnFolder, drawn_folders

WIDTH_PX, HEIGHT_PX = 1280, 800
#: Keys 1 to 9 assign the first classes.
_DIGITS = 9
#: Timers that wait for the person to pause are not waited for.
_PAUSE_MS = 1000
_BEAT_MS = 20
_NOTCH = 120


def review_in_window(options: argparse.Namespace) -> None:
    """Review folders in the window, and print the decisions and seconds of each."""
    columns = "".join(f"{f'{goal:.0%}':>10}" for goal in GOALS)
    print(f"decisions/seconds at{columns}{'done':>10}{'right then':>12}{'filed':>8}{'tiles':>7}", flush=True)
    table = []
    for name, photos in drawn_folders(options):
        with opened(photos) as program:
            driver = WindowDriver(program, photos)
            person = Person(driver, photos.targets)
            person.review()
            filed = driver.filed()
        reached = [each for goal in GOALS for each in person.reached.get(goal, (np.nan, np.nan))]
        right, share = np.mean(filed == photos.targets), np.mean(filed >= 0)
        table.append([*reached, person.decisions, person.seconds, right, share, person.looked_at])
        print(_line(name, table[-1]))
        for kind, (sections, decisions, seconds) in person.spent.items():
            print(f"    {kind:12} {sections:4} sections {decisions:4} decisions {seconds:6.0f} s", flush=True)
    if len(table) > 1:
        print(_line("mean", np.mean(table, axis=0).tolist()))
        print(_line("spread", np.std(table, axis=0).tolist()), flush=True)


def _line(name: str, row: Sequence[float]) -> str:
    pairs = "".join(f"{f'{row[at]:.0f}/{row[at + 1]:.0f}':>10}" for at in (0, 2, 4, 6))
    return f"{name:20}{pairs}{row[8]:12.1%}{row[9]:8.1%}{row[10]:7.0f}"


@contextmanager
def opened(photos: DrawnFolder) -> Iterator[Program]:
    """The program over a new collection without classes, once the folder is read and grouped."""
    application = QApplication.instance() or QApplication([])
    collection, embeddings = KEPT / "collection", KEPT / "embeddings"
    shutil.rmtree(collection, ignore_errors=True)
    if embeddings.is_dir():
        shutil.copytree(embeddings, collection / "embeddings")
    store = CollectionStore.open(collection)
    start_without_classes(store)
    store.settings.set(LEARNING_PAUSED, False)
    program = Program(Engine(store, open_embedder), preload=False)
    try:
        program.start((photos.folder,))
        program.window.resize(WIDTH_PX, HEIGHT_PX)
        settle(program, lambda: program.begun and not program.window.review.progress.pending)
        yield program
    finally:
        program.window.close()
        program.window.deleteLater()
        application.processEvents()
        shutil.rmtree(embeddings, ignore_errors=True)
        shutil.copytree(collection / "embeddings", embeddings)


def settle(program: Program, also: Callable[[], bool] = lambda: True, *, exact: bool = False) -> None:
    """Wait until the suggestions that follow from the last action are shown, and with `exact` those of the exact fit.

    The exact fit comes when the person pauses for two seconds; one who goes on at once does not wait for it.
    """
    learned = [not exact]
    wake = QTimer(interval=_BEAT_MS)  # a condition may come true without an event
    wake.start()

    def wait(done: Callable[[], bool]) -> None:
        while not done():
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)

    wait(lambda: not program.library.busy)
    if exact:
        program.window.learning.when_settled(lambda: learned.append(True))
    wait(lambda: learned[-1] and _at_rest(program) and also())
    wake.stop()


def _at_rest(program: Program) -> bool:
    timers = (each for each in program.window.findChildren(QTimer) if each.isActive())
    computing = any(each.busy for each in program.window.findChildren(LatestOnly))
    soon = any(each.interval() < _PAUSE_MS for each in timers)
    return not (program.queue.busy or program.library.busy or computing or soon)


@dataclass(slots=True, eq=False)
class WindowDriver:
    """Answers in the window; a photo is its number among the files.

    Attributes:
        program: With the folder open.
        photos: The folder.
        places: (N,) the place id of each photo.
        lost: Sections that were gone when the person wanted to answer: an exact fit had ended.
    """

    program: Program
    photos: DrawnFolder
    places: NDArray[np.int64] = field(init=False)
    lost: int = 0
    _is_lost: bool = False
    _identity: Identity | None = None
    _labelled: int = 0

    def __post_init__(self) -> None:
        """Number the photos."""
        columns = self.program.photos.columns
        at = {Path(name): int(place) for name, place in zip(columns.names, columns.place_ids, strict=True)}
        self.places = np.array([at[file] for file in self.photos.files], np.int64)

    # -- what the person sees

    def first_section(self) -> Shown | None:
        """The section with the keyboard, else the first question in view, else where the steps lead."""
        section = self._asked() or self._stepped()
        if section is None:
            settle(self.program, exact=True)
            section = self._stepped()
        if section is None:
            return None
        self._identity = section.identity
        self._wheel_to(section.first)
        shown = self._numbers(section)
        if section.kind is SectionKind.UNKNOWN:
            shown = shown[:1]  # no header answers for all
        row = ROW if section.kind is SectionKind.LOOK_ALIKES else self._in_line(section)
        return Shown(shown, self._proposed(section), row, section.kind)

    def suggestions(self) -> Rows:
        """The class under which each photo would be filed now; -1 for none."""
        columns = self.program.photos.columns
        rows = columns.locate(self.places)
        suggested = np.where(columns.verdicts[rows] == Verdict.UNKNOWN, 0, columns.class_ids[rows])
        found = np.where(columns.label_ids[rows] > 0, columns.label_ids[rows], suggested)
        numbers = {each.id: self._number(each.name) for each in self.program.window.classes.classes}
        return np.array([numbers.get(class_id, -1) for class_id in found.tolist()], np.intp)

    def filed(self) -> Rows:
        """The class folder of each photo in the plan of a sort as it is offered first; -1 where it would stay."""
        request = SortRequest((self.photos.folder,), KEPT.resolve() / "sorted", include=Include.SURE)
        plan = plan_sort(self.program.engine, request, silent, CancelToken())
        names = {each.filing.source: each.filing.class_name for each in plan.files}
        return np.array([self._number(names.get(file, "")) for file in self.photos.files], np.intp)

    def _asked(self) -> Section | None:
        grid, focus = self.program.window.grid, self.program.window.focusWidget()
        in_view, asked = set(grid.visible_rows()), []
        for section in self.program.photos.sections:
            header = grid.header(section.identity)
            if section.kind not in OPEN_KINDS or (isinstance(header, ConfirmHeader) and not header.answered):
                continue  # the suggestions of all its photos have changed: a step shows where they belong
            if header is not None and focus is not None and header.isAncestorOf(focus):
                return section
            asked.append(section)
        return next((each for each in asked if not in_view.isdisjoint(each.rows)), None)

    def _stepped(self) -> Section | None:
        """Go where the steps lead."""
        steps = self.program.window.review.steps
        pressed: StepButton | None = next((each for each in (steps.name, steps.check) if each.isEnabled()), None)
        if pressed is None:
            return None
        _click(pressed)
        settle(self.program)
        return self._asked()

    def _proposed(self, section: Section) -> list[int]:
        """Classes that one click accepts."""
        header = self.program.window.grid.header(section.identity)
        if isinstance(header, GroupHeader):
            return [self._number(each.property("class_name")) for each in header.choices if each.isVisible()]
        if isinstance(header, PairHeader | ConfirmHeader):
            names = self.program.photos.section_names
            return [self._number(names[key]) for key in section.key if isinstance(key, int)]
        return []

    def _in_line(self, section: Section) -> int | None:
        """How many photos of a section are shown where it shows one line only; else None."""
        grid = self.program.window.grid
        if not grid.is_folded(section):
            return None
        return sum(not grid.isIndexHidden(self.program.photos.index(row)) for row in section.rows)

    def _section(self) -> Section | None:
        return next((each for each in self.program.photos.sections if each.identity == self._identity), None)

    def _numbers(self, section: Section) -> Rows:
        """The front photo of each tile of a section, in the order shown."""
        places = self.program.photos.front_places_at(slice(section.rows.start, section.rows.stop))
        order = np.argsort(self.places)
        return order[np.searchsorted(self.places[order], places)]

    def _number(self, name: str) -> int:
        return self.photos.names.index(name) if name in self.photos.names else -1

    # -- what the person does

    def leave_out(self, photo: int) -> None:
        """Click a photo that does not belong to the section."""
        if not self._is_left_out(photo):
            self._click_photo(photo)

    def correct(self, photo: int, number: int) -> None:
        """Click a photo, and press the key of its class or type it."""
        self._click_photo(photo)
        self._type_class(number)

    def answer(self, photos: Rows, number: int) -> None:
        """Press the button of the class, or type its name."""
        section = self._section()
        self._is_lost = section is None
        if section is None:
            self.lost += 1
            return
        shown, header = self._numbers(section), self.program.window.grid.header(section.identity)
        answered = {self._row(photo) for photo in photos.tolist()}  # another photo of a stack may be in front by now
        button = self._button(header, number)
        if isinstance(header, GroupHeader) or button is not None:
            for photo in shown.tolist():
                if self._is_left_out(photo) == (self._row(photo) in answered):
                    self._click_photo(photo)
            self._wheel_to(section.first)
            header = self.program.window.grid.header(section.identity)
            button = self._button(header, number)
        if button is not None:
            _click(button)
        elif isinstance(header, GroupHeader):
            _click(header.field)
            QTest.keyClick(header.field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
            _type(self.photos.names[number], header.field)
            QTest.keyClick(QApplication.activePopupWidget() or header.field, Qt.Key.Key_Return)
        else:
            self._select([photo for photo in shown.tolist() if self._row(photo) in answered])
            self._type_class(number)

    def learn(self) -> None:
        """Wait for the suggestions that follow; to look at the next group and name it takes longer than the pause."""
        settle(self.program, exact=self._identity is not None and self._identity[0] is SectionKind.LOOK_ALIKES)
        labelled = int(np.count_nonzero(self.program.photos.columns.label_ids))
        if labelled == self._labelled and not self._is_lost:
            raise RuntimeError(f"the window did not take the answer for {self._identity}")
        self._labelled = labelled
        self.program.window.activateWindow()  # the list of completions took the keyboard, and no system gives it back

    def _button(self, header: QWidget | None, number: int) -> QPushButton | None:
        """The button of a header that answers with a class."""
        name = self.photos.names[number]
        if isinstance(header, GroupHeader):
            shown = [each for each in header.choices if each.isVisible()]
            return next((each for each in shown if each.property("class_name") == name), None)
        if isinstance(header, PairHeader):
            names = self.program.photos.section_names
            return next((each for each in header.choices if names[each.property("class_id")] == name), None)
        if isinstance(header, ConfirmHeader):
            return header.confirm if self._proposed(header.section) == [number] else None
        return None

    def _is_left_out(self, photo: int) -> bool:
        return bool(self.program.photos.index(self._row(photo)).data(PhotoRole.LEFT_OUT))

    def _row(self, photo: int) -> int:
        return int(self.program.photos.rows_at(self.places[[photo]])[0])

    def _select(self, photos: Sequence[int]) -> None:
        for at, photo in enumerate(photos):
            self._click_photo(photo, Qt.KeyboardModifier.ControlModifier if at else Qt.KeyboardModifier.NoModifier)

    def _click_photo(self, photo: int, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        grid, row = self.program.window.grid, self._row(photo)
        self._wheel_to(row)
        at = grid.visualRect(self.program.photos.index(row)).center()
        QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, modifier, at)

    def _type_class(self, number: int) -> None:
        """Press the digit of a class, else type its name in the small box."""
        window, name = self.program.window, self.photos.names[number]
        digits = [each.name for each in window.classes.classes[:_DIGITS]]
        if name in digits:
            QTest.keyClick(window.grid, Qt.Key(Qt.Key.Key_1 + digits.index(name)))
            return
        QTest.keyClick(window.grid, Qt.Key.Key_Slash)
        field = window.selection.typing.box.field
        _type(name, field)
        QTest.keyClick(field, Qt.Key.Key_Return)

    def _wheel_to(self, row: int) -> None:
        """Turn the wheel until a photo, with its line, is in view; a section opens below its header."""
        grid = self.program.window.grid
        for _ in range(10_000):
            cell, page, before = (
                grid.visualRect(self.program.photos.index(row)),
                grid.viewport().height(),
                grid.verticalOffset(),
            )
            if cell.top() >= 0 and cell.bottom() < page:
                return
            self._turn(_NOTCH if cell.top() < 0 else -_NOTCH)
            if grid.verticalOffset() == before:
                return

    def _turn(self, delta: int) -> None:
        view = self.program.window.grid.viewport()
        at = QPointF(view.rect().center())
        none = Qt.KeyboardModifier.NoModifier
        phase = Qt.ScrollPhase.NoScrollPhase
        turned = QWheelEvent(
            at, view.mapToGlobal(at), QPoint(), QPoint(0, delta), Qt.MouseButton.NoButton, none, phase, False
        )
        QApplication.sendEvent(view, turned)
        QApplication.processEvents()


def _click(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def _type(text: str, field: QWidget) -> None:
    """Type into a field, through the list of completions while it is open."""
    for letter in text:
        QTest.keyClicks(QApplication.activePopupWidget() or field, letter)
