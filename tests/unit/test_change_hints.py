"""Hints of changes are answered once, when nothing changes any more."""

from __future__ import annotations

import threading

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

    def hints(self) -> ChangeHints:
        """Hints that wait by this clock."""
        made = ChangeHints(quiet_s=2, at_most_s=30)
        made._condition.wait = self._pass_by  # type: ignore[assignment, method-assign]
        return made

    def _pass_by(self, seconds: float) -> bool:
        self.now_s += seconds
        for at_s, hints in [each for each in self.due if each[0] <= self.now_s]:
            self.due.remove((at_s, hints))
            hints.add()
        return False


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("flowersorter.jobs.change_hints.time", made)
    return made


def test_changes_are_waited_for_until_they_rest(clock: Clock) -> None:
    hints = clock.hints()
    clock.due = [(101.0 + number, hints) for number in range(5)]
    assert hints.wait(CancelToken())
    assert clock.now_s == pytest.approx(107, abs=0.6)
    assert not hints.wait(CancelToken(), timeout_s=3), "all changes were answered"


def test_changes_that_never_rest_are_answered_all_the_same(clock: Clock) -> None:
    hints = clock.hints()
    clock.due = [(101.0 + number, hints) for number in range(100)]
    assert hints.wait(CancelToken())
    assert clock.now_s == pytest.approx(131, abs=0.6)


def test_nothing_is_reported_without_a_change(clock: Clock) -> None:
    assert not clock.hints().wait(CancelToken(), timeout_s=5)
    assert clock.now_s == pytest.approx(105)


def test_a_hint_of_another_thread_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowersorter.jobs.change_hints._CHECK_EVERY_S", 30.0)
    hints = ChangeHints(quiet_s=0.01)
    waits = threading.Event()
    real = hints._condition.wait

    def wait(seconds: float | None = None) -> bool:
        waits.set()
        return real(seconds)

    def change() -> None:
        waits.wait(30)
        hints.add()

    hints._condition.wait = wait  # type: ignore[assignment, method-assign]
    thread = threading.Thread(target=change)
    thread.start()
    assert hints.wait(CancelToken(), timeout_s=20), "it was woken, not timed out"
    thread.join()


def test_a_stopped_wait_ends() -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        ChangeHints().wait(cancel)
