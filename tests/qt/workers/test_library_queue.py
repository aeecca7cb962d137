"""The queue of short operations on the library: their order, their answers, and that none is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from flowersorter.domain.changes import Changes
from flowersorter.workers.job_queue import JobQueue
from flowersorter.workers.library_queue import LibraryQueue


@pytest.fixture
def library(qtbot: QtBot) -> Iterator[LibraryQueue]:
    del qtbot  # threads talk through its event loop
    library = LibraryQueue()
    yield library
    library.shutdown()


def test_an_operation_runs_elsewhere_and_answers_here(library: LibraryQueue, qtbot: QtBot) -> None:
    here, answers = threading.get_ident(), list[tuple[int, int]]()
    library.submit(threading.get_ident, lambda there: answers.append((there, threading.get_ident())))
    assert library.busy
    assert not answers
    qtbot.waitUntil(lambda: not library.busy)
    [(there, told_in)] = answers
    assert told_in == here
    assert there != here


def test_operations_keep_their_order_and_find_what_the_ones_before_left(library: LibraryQueue, qtbot: QtBot) -> None:
    found, answers = list[int](), list[int]()

    def step(number: int) -> int:
        found.append(number)
        return len(found)

    for number in range(50):
        library.submit(lambda number=number: step(number), answers.append)  # type: ignore[misc]
    qtbot.waitUntil(lambda: not library.busy)
    assert found == list(range(50))
    assert answers == list(range(1, 51))


def test_a_change_is_told_after_its_answer_and_an_error_changes_nothing(library: LibraryQueue, qtbot: QtBot) -> None:
    told = list[object]()
    library.changed.connect(told.append)
    library.failed.connect(told.append)
    error = KeyError("gone")

    def fail() -> None:
        raise error

    library.submit(lambda: "labels", told.append, changes=Changes.LABELS | Changes.CLASSES)
    library.submit(lambda: "read", told.append)
    library.submit(fail, told.append, lambda fault: told.append(("own", fault)), changes=Changes.LABELS)
    library.submit(fail, told.append, changes=Changes.LABELS)
    qtbot.waitUntil(lambda: not library.busy)
    assert told == ["labels", Changes.LABELS | Changes.CLASSES, "read", ("own", error), error]


def test_shutdown_does_everything_that_was_submitted(qtbot: QtBot) -> None:
    del qtbot
    library, gate, done, answered = LibraryQueue(), threading.Event(), list[int](), list[None]()
    library.submit(gate.wait)
    for number in range(10):
        library.submit(lambda number=number: done.append(number), answered.append)  # type: ignore[misc]
    QTimer.singleShot(0, gate.set)
    library.shutdown()
    assert done == list(range(10))
    assert len(answered) == 10
    library.submit(lambda: done.append(99))
    assert not library.busy


def test_a_job_begins_after_what_was_submitted_to_the_library_before_it(library: LibraryQueue, qtbot: QtBot) -> None:
    order, gate = list[str](), threading.Event()
    jobs = JobQueue(barrier=library.barrier)
    try:
        library.submit(gate.wait)
        library.submit(lambda: order.append("label"))
        jobs.submit("training", lambda _report, _cancel: order.append("training"))
        library.submit(lambda: order.append("later"))
        with qtbot.waitSignal(jobs.started):
            pass
        assert order == []
        gate.set()
        qtbot.waitUntil(lambda: not jobs.busy and not library.busy)
        assert sorted(order) == ["label", "later", "training"]
        assert order.index("label") < order.index("training")
    finally:
        gate.set()
        jobs.shutdown()


def test_a_job_that_waits_for_the_library_can_be_cancelled_by_shutdown(library: LibraryQueue, qtbot: QtBot) -> None:
    del qtbot
    jobs, ran = JobQueue(barrier=library.barrier), list[int]()
    gate = threading.Event()
    library.submit(gate.wait)
    jobs.submit("training", lambda _report, _cancel: ran.append(1))
    QTimer.singleShot(0, gate.set)
    jobs.shutdown()
    assert ran == []
