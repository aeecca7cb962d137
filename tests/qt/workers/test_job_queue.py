"""The worker thread's queue: order, news, errors, giving way, and the end."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import pytest
from PySide6.QtCore import QThread
from pytestqt.qtbot import QtBot

from flowersorter.errors import TooFewPhotos
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.workers.job_queue import JobQueue, Listener
from flowersorter.workers.job_worker import SIGNALS_PER_SECOND
from flowersorter.workers.throttle import RateLimit
from tests.stuck import LIMIT_S


@pytest.fixture
def queue(qtbot: QtBot) -> Iterator[JobQueue]:
    made = JobQueue()
    yield made
    made.shutdown()


class Clock:
    """Stands still unless a test moves it."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """By which a job's news are held back: how fast the machine is does not matter."""
    clock = Clock()
    monkeypatch.setattr("flowersorter.workers.job_worker.RateLimit", partial(RateLimit, clock=clock))
    return clock


class Heard:
    """Writes down what a queue says."""

    def __init__(self, queue: JobQueue) -> None:
        self.said: list[tuple[object, ...]] = []
        queue.started.connect(lambda at, title: self.said.append(("started", at, title)))
        queue.succeeded.connect(lambda at, result: self.said.append(("succeeded", at, result)))
        queue.failed.connect(lambda at, error: self.said.append(("failed", at, type(error))))
        queue.cancelled.connect(lambda at: self.said.append(("cancelled", at)))
        queue.finished.connect(lambda at: self.said.append(("finished", at)))
        queue.reported.connect(lambda at, item: self.said.append(("reported", at, item)))


def until_cancelled(_report: Report, cancel: CancelToken) -> None:
    while True:
        cancel.check()
        QThread.msleep(1)


def test_jobs_run_one_at_a_time_in_the_worker_thread_and_answer_in_the_gui_thread(
    queue: JobQueue, qtbot: QtBot
) -> None:
    gui = threading.get_ident()
    ran: list[int] = []
    answered: list[tuple[object, int]] = []

    def work(number: int, _report: Report, _cancel: CancelToken) -> int:
        ran.append(threading.get_ident())
        return number

    listener = Listener(succeeded=lambda result: answered.append((result, threading.get_ident())))
    for number in range(3):
        queue.submit("Work", partial(work, number), listener)
    qtbot.waitUntil(lambda: not queue.busy)
    assert answered == [(0, gui), (1, gui), (2, gui)]
    assert len(set(ran)) == 1
    assert ran[0] != gui


def test_every_job_says_started_how_it_ended_and_finished(queue: JobQueue, qtbot: QtBot) -> None:
    heard = Heard(queue)

    def fails(_report: Report, _cancel: CancelToken) -> None:
        raise TooFewPhotos("There is nothing to learn from yet")

    good = queue.submit("Good", lambda _r, _c: "fine")
    bad = queue.submit("Bad", fails)
    qtbot.waitUntil(lambda: not queue.busy)
    assert heard.said == [
        ("started", good, "Good"),
        ("succeeded", good, "fine"),
        ("finished", good),
        ("started", bad, "Bad"),
        ("failed", bad, TooFewPhotos),
        ("finished", bad),
    ]


def test_a_listener_that_takes_the_error_is_the_only_one_told(queue: JobQueue, qtbot: QtBot) -> None:
    heard = Heard(queue)
    errors: list[Exception] = []
    queue.submit("Bad", lambda _r, _c: 1 / 0, Listener(failed=errors.append))
    qtbot.waitUntil(lambda: not queue.busy)
    assert [type(error) for error in errors] == [ZeroDivisionError]
    assert not [each for each in heard.said if each[0] == "failed"]


def test_a_running_job_can_be_cancelled_and_a_waiting_one_never_starts(queue: JobQueue, qtbot: QtBot) -> None:
    heard = Heard(queue)
    first = queue.submit("First", until_cancelled)
    second = queue.submit("Second", until_cancelled)
    queue.cancel(second)
    qtbot.waitUntil(lambda: ("started", first, "First") in heard.said)
    queue.cancel_current()
    qtbot.waitUntil(lambda: not queue.busy)
    assert ("started", second, "Second") not in heard.said
    assert ("cancelled", first) in heard.said
    assert ("cancelled", second) in heard.said
    assert heard.said[-1] == ("finished", first)


def test_a_background_job_that_runs_can_begin_again(queue: JobQueue, qtbot: QtBot) -> None:
    heard = Heard(queue)
    begun: list[int] = []

    def work(report: Report, cancel: CancelToken) -> int:
        begun.append(len(begun))
        if len(begun) == 1:
            until_cancelled(report, cancel)
        return len(begun)

    job = queue.submit("Looking", work, background=True)
    waiting = queue.submit("Behind it", lambda _r, _c: None, background=True)
    qtbot.waitUntil(lambda: bool(begun))
    queue.begin_again(waiting)  # has not begun
    queue.begin_again(job)
    qtbot.waitUntil(lambda: not queue.busy)
    assert ("succeeded", job, 2) in heard.said
    assert not [each for each in heard.said if each[0] == "cancelled"]
    plain = queue.submit("No background", until_cancelled)
    qtbot.waitUntil(lambda: ("started", plain, "No background") in heard.said)
    queue.begin_again(plain)
    queue.cancel(plain)
    qtbot.waitUntil(lambda: not queue.busy)
    assert ("cancelled", plain) in heard.said


def test_a_dropped_job_is_heard_of_no_more(queue: JobQueue, qtbot: QtBot) -> None:
    heard = Heard(queue)
    began = threading.Event()

    def work(report: Report, cancel: CancelToken) -> None:
        began.set()
        until_cancelled(report, cancel)

    dropped = queue.submit("Dropped", work)
    assert began.wait(LIMIT_S)
    heard.said.clear()
    queue.drop(dropped)
    kept = queue.submit("Kept", lambda _r, _c: None)
    qtbot.waitUntil(lambda: not queue.busy)
    assert {each[1] for each in heard.said} == {kept}


def test_a_background_job_gives_way_and_starts_again_behind_the_other(queue: JobQueue, qtbot: QtBot) -> None:
    heard, runs = Heard(queue), []

    def label(_report: Report, cancel: CancelToken) -> str:
        runs.append("label")
        if len(runs) == 1:
            until_cancelled(_report, cancel)
        return "labelled"

    labelling = queue.submit("Label", label, background=True)
    qtbot.waitUntil(lambda: runs == ["label"])
    retraining = queue.submit("Retrain", lambda _r, _c: runs.append("retrain"))
    assert queue.alive(labelling)
    qtbot.waitUntil(lambda: not queue.busy)
    assert runs == ["label", "retrain", "label"]
    assert ("cancelled", labelling) not in heard.said
    assert heard.said.index(("finished", retraining)) < heard.said.index(("succeeded", labelling, "labelled"))


def test_what_a_finished_background_job_asks_for_does_not_start_it_again(queue: JobQueue, qtbot: QtBot) -> None:
    runs: list[str] = []

    def and_then(_result: object) -> None:
        queue.submit("Next", lambda _r, _c: runs.append("next"))

    queue.submit("Label", lambda _r, _c: runs.append("label"), Listener(succeeded=and_then), background=True)
    qtbot.waitUntil(lambda: not queue.busy and len(runs) > 1)
    assert runs == ["label", "next"]


def test_a_job_that_has_answered_is_not_alive_and_can_be_asked_for_again(queue: JobQueue, qtbot: QtBot) -> None:
    """Its `finished` comes a moment later; who asks again meanwhile was once not heard."""
    alive: list[bool] = []
    asked: list[int] = []

    def answered(_result: object) -> None:
        alive.append(queue.alive(asked[-1]))
        queue.begin_again(asked[-1])
        if len(asked) < 2:
            ask()

    def ask() -> None:
        asked.append(queue.submit("Check", lambda _r, _c: None, Listener(succeeded=answered), background=True))

    ask()
    qtbot.waitUntil(lambda: not queue.busy)
    assert alive == [False, False]


@pytest.mark.parametrize("fails", [False, True])
def test_a_job_at_its_end_that_nobody_heard_of_yet_begins_again(queue: JobQueue, qtbot: QtBot, fails: bool) -> None:
    heard = Heard(queue)
    runs: list[int] = []
    ended = threading.Event()

    def work(_report: Report, _cancel: CancelToken) -> int:
        runs.append(len(runs))
        ended.set()
        if fails and len(runs) == 1:
            raise TooFewPhotos("There is nothing to learn from yet")
        return len(runs)

    job = queue.submit("Looking", work, background=True)
    assert ended.wait(LIMIT_S)
    queue.begin_again(job)
    assert queue.alive(job)
    qtbot.waitUntil(lambda: not queue.busy)
    assert [each for each in heard.said if each[0] != "started"] == [("succeeded", job, 2), ("finished", job)]


def test_what_was_found_before_it_began_again_is_told_no_more(queue: JobQueue, qtbot: QtBot) -> None:
    told: list[object] = []
    ended = threading.Event()

    def work(report: Report, _cancel: CancelToken) -> None:
        report("after" if ended.is_set() else "before")
        ended.set()

    job = queue.submit("Looking", work, Listener(reported=told.append), background=True)
    assert ended.wait(LIMIT_S)
    queue.begin_again(job)
    qtbot.waitUntil(lambda: not queue.busy)
    assert told == ["after"]


def test_who_cancels_a_job_that_was_to_begin_again_means_it(queue: JobQueue, qtbot: QtBot) -> None:
    heard = Heard(queue)
    began = threading.Event()

    def work(report: Report, cancel: CancelToken) -> None:
        began.set()
        until_cancelled(report, cancel)

    job = queue.submit("Looking", work, background=True)
    assert began.wait(LIMIT_S)
    queue.begin_again(job)
    queue.cancel(job)
    queue.begin_again(job)
    qtbot.waitUntil(lambda: not queue.busy)
    assert [each[0] for each in heard.said] == ["started", "cancelled", "finished"]


def test_progress_is_thinned_out_but_no_result_is_lost_nor_out_of_order(
    queue: JobQueue, qtbot: QtBot, clock: Clock
) -> None:
    heard: list[object] = []
    progress: list[Progress] = []
    queue.progressed.connect(lambda _at, each: progress.append(each))

    def work(report: Report, _cancel: CancelToken) -> None:
        for number in range(2000):
            report(Progress("Counting", number + 1, 2000))
            report(number)
            clock.now += 0.001

    queue.submit("Count", work, Listener(reported=heard.append))
    qtbot.waitUntil(lambda: not queue.busy)
    assert heard == list(range(2000))
    assert progress[-1] == Progress("Counting", 2000, 2000)
    assert SIGNALS_PER_SECOND <= len(progress) <= 2 + 2 * SIGNALS_PER_SECOND


def test_a_new_stage_is_told_at_once(queue: JobQueue, qtbot: QtBot) -> None:
    stages: list[str] = []
    queue.progressed.connect(lambda _at, each: stages.append(each.stage))

    def work(report: Report, _cancel: CancelToken) -> None:
        for name in ("Scan", "Read", "Learn"):
            report(Progress(name, 0))

    queue.submit("Work", work)
    qtbot.waitUntil(lambda: not queue.busy)
    assert stages == ["Scan", "Read", "Learn"]


def test_shutdown_waits_for_the_safe_point_and_takes_nothing_more(qtbot: QtBot) -> None:
    queue = JobQueue()
    began, done = threading.Event(), []

    def files_a_photo(_report: Report, cancel: CancelToken) -> None:
        began.set()
        while not cancel.cancelled:
            QThread.msleep(1)
        done.append("the photo in hand")

    queue.submit("File", files_a_photo)
    queue.submit("Never", lambda _r, _c: done.append("never"))
    assert began.wait(LIMIT_S)
    queue.shutdown()
    assert done == ["the photo in hand"]
    queue.submit("Late", lambda _r, _c: done.append("late"))
    assert done == ["the photo in hand"]


def test_busy_is_told_once_at_each_end(queue: JobQueue, qtbot: QtBot) -> None:
    said: list[bool] = []
    queue.busy_changed.connect(said.append)
    queue.submit("One", lambda _r, _c: None)
    queue.submit("Two", lambda _r, _c: None)
    qtbot.waitUntil(lambda: not queue.busy)
    assert said == [True, False]


@dataclass(frozen=True)
class Numbers:
    """News that can be joined."""

    these: tuple[int, ...]

    @classmethod
    def joined(cls, parts: Sequence[Numbers]) -> Numbers:
        return cls(tuple(number for part in parts for number in part.these))


def test_news_of_one_kind_in_a_row_reach_the_window_as_one_step_and_in_order(
    queue: JobQueue, qtbot: QtBot, clock: Clock
) -> None:
    heard: list[object] = []

    def work(report: Report, _cancel: CancelToken) -> None:
        report(Numbers((0,)))  # sent at once
        for number in range(1, 500):
            report(Numbers((number,)))
        report("a scan is complete")
        report(Numbers((500,)))
        report(Numbers((501,)))

    queue.submit("Work", work, Listener(reported=heard.append))
    qtbot.waitUntil(lambda: not queue.busy)
    assert heard == [Numbers((0,)), Numbers(tuple(range(1, 500))), "a scan is complete", Numbers((500, 501))]
