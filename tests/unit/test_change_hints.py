"""Hints of changes are answered once, when nothing changes any more."""

from __future__ import annotations

import threading
import time

import pytest

from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken
from flowersorter.jobs.change_hints import ChangeHints


class Clock:
    """A monotonic clock that advances by the time that is waited."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.due: list[tuple[float, ChangeHints]] = []  # when a change comes

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(time, "monotonic", made.monotonic)

    def wait(_self: threading.Condition, seconds: float) -> bool:
        made.now_s += seconds
        for at_s, hints in [each for each in made.due if each[0] <= made.now_s]:
            made.due.remove((at_s, hints))
            hints.add()
        return False

    monkeypatch.setattr(threading.Condition, "wait", wait)
    return made


def test_changes_are_waited_for_until_they_rest(clock: Clock) -> None:
    hints = ChangeHints(quiet_s=2, at_most_s=30)
    clock.due = [(101.0 + number, hints) for number in range(5)]
    assert hints.wait(CancelToken())
    assert clock.now_s == pytest.approx(107, abs=0.6)
    assert not hints.wait(CancelToken(), timeout_s=3), "all changes were answered"


def test_changes_that_never_rest_are_answered_all_the_same(clock: Clock) -> None:
    hints = ChangeHints(quiet_s=2, at_most_s=30)
    clock.due = [(101.0 + number, hints) for number in range(100)]
    assert hints.wait(CancelToken())
    assert clock.now_s == pytest.approx(131, abs=0.6)


def test_nothing_is_reported_without_a_change(clock: Clock) -> None:
    assert not ChangeHints().wait(CancelToken(), timeout_s=5)
    assert clock.now_s == pytest.approx(105)


def test_a_hint_of_another_thread_ends_the_wait() -> None:
    hints = ChangeHints(quiet_s=0.01)
    thread = threading.Thread(target=hints.add)
    thread.start()
    assert hints.wait(CancelToken(), timeout_s=30)
    thread.join()


def test_a_stopped_wait_ends() -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        ChangeHints().wait(cancel)
