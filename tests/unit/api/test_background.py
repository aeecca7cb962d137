"""Work for a script in a thread of its own: results, errors, progress and Ctrl+C."""

from __future__ import annotations

import _thread
import threading

import pytest

from flowersorter.api.background import run_in_background
from flowersorter.errors import Cancelled, UserError
from flowersorter.jobs import CancelToken, Progress, Report
from tests.stuck import LIMIT_S


def test_results_and_errors_come_back() -> None:
    assert run_in_background(lambda report, cancel: 42, None) == 42

    def fail(report: Report, cancel: CancelToken) -> None:
        raise UserError("It is raining")

    with pytest.raises(UserError, match="raining"):
        run_in_background(fail, None)


def test_all_of_slow_work_is_waited_for_and_the_last_news_arrive() -> None:
    seen: list[int] = []
    go_on = threading.Event()

    def work(report: Report, cancel: CancelToken) -> str:
        report("no progress")
        report(Progress("Working", 1, 2))
        assert go_on.wait(LIMIT_S)
        report(Progress("Working", 2, 2))
        return "done"

    def progress(news: Progress) -> None:
        seen.append(news.done)
        go_on.set()

    assert run_in_background(work, progress) == "done"
    assert seen == [1, 2]


def test_news_that_pile_up_are_passed_over() -> None:
    seen: list[int] = []
    reported = threading.Event()

    def work(report: Report, cancel: CancelToken) -> None:
        report(Progress("Working", 0))
        for done in range(1, 1000):
            report(Progress("Working", done))
        reported.set()

    def progress(news: Progress) -> None:
        assert reported.wait(LIMIT_S)
        seen.append(news.done)

    run_in_background(work, progress)
    assert seen[-1] == 999
    assert len(seen) < 1000


def test_ctrl_c_lets_the_work_stop_by_itself_and_comes_out() -> None:
    safe = threading.Event()

    def work(report: Report, cancel: CancelToken) -> None:
        report(Progress("Working", 0))
        try:
            while True:
                cancel.check()
        except Cancelled:
            safe.set()
            raise

    def progress(news: Progress) -> None:
        _thread.interrupt_main()

    with pytest.raises(KeyboardInterrupt):
        run_in_background(work, progress)
    assert safe.is_set()
