"""The order of actions, fits and waiting dialogs, with a queue and a refit that answer when the test lets them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication

from flowersorter.jobs import CancelToken
from flowersorter.ui.training import learning_controller
from flowersorter.ui.training.learning_controller import MOST_WAITING, LearningController
from flowersorter.workers.job_queue import Listener


class Refit:
    """A `Refit` whose model is a name; `is_new` unless an exact fit came first."""

    def __init__(self, name: str, *, is_new: bool = True) -> None:
        self.name, self.is_new = name, is_new

    def use(self, engine: SimpleNamespace) -> bool:
        if self.is_new:
            engine.refitted = self.name
        return self.is_new


class Refits(QObject):
    """A `LatestOnly` whose answer comes when the test lets it."""

    loaded = Signal(object, object)
    failed = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.call: Callable[[], object] | None = None

    def request(self, key: object, call: Callable[[], object]) -> None:
        del key
        self.call = call

    def forget(self) -> None:
        self.call = None

    def shutdown(self) -> None:
        self.forget()

    def answer(self, found: object) -> None:
        call, self.call = self.call, None
        if call is not None:
            self.loaded.emit(0, found)


class Queue:
    """A `JobQueue` whose jobs end when the test lets them."""

    def __init__(self, engine: SimpleNamespace) -> None:
        self.engine = engine
        self.titles: list[str] = []  # of all jobs
        self.listeners: dict[int, Listener] = {}  # of those alive

    def submit(self, title: str, call: object, listener: Listener, **kind: object) -> int:
        del call, kind
        self.titles.append(title)
        self.listeners[len(self.titles)] = listener
        return len(self.titles)

    def cancel_token(self) -> CancelToken:
        return CancelToken()

    def alive(self, job_id: int) -> bool:
        return job_id in self.listeners

    def drop(self, job_id: int) -> None:
        self.listeners.pop(job_id, None)

    def cancel(self, job_id: int) -> None:
        listener = self.listeners.pop(job_id, None)
        if listener is not None and listener.cancelled is not None:
            listener.cancelled()

    @property
    def busy(self) -> bool:
        return bool(self.listeners)

    def drop_refit(self) -> None:
        """The only job, an exact fit, has stored its model."""
        self.engine.refitted = None

    def end(self, follows: bool = True) -> None:
        """The only job succeeds."""
        ((_, listener),) = self.listeners.items()
        self.listeners.clear()
        assert listener.succeeded is not None
        listener.succeeded((None, "exact", follows))

    def fail(self) -> None:
        """The only job fails."""
        ((_, listener),) = self.listeners.items()
        self.listeners.clear()
        assert listener.failed is not None
        listener.failed(ValueError("no disk space"))


class Signals(QObject):
    """The signals of the other controllers."""

    acting = Signal(object)
    acted = Signal(object)
    labels_found = Signal(object)
    suggestions_outdated = Signal()
    folder_outdated = Signal()
    trained = Signal()
    opened = Signal(object)
    labelled = Signal()

    roots = in_view = ()

    def withdraw_outcome(self) -> None:
        pass

    def predict_again(self) -> None:
        pass


class State:
    """The settings."""

    paused = False

    def setting(self, key: object) -> bool:
        del key
        return self.paused

    def set_setting(self, key: object, value: bool) -> None:
        del key
        self.paused = value


class Bench:
    """A learning controller between signals, settings, a queue and refits of the test's own."""

    def __init__(self) -> None:
        self.shown: list[object] = []  # suggestions
        self.said: list[tuple[str, tuple[Any, ...]]] = []
        self.opened: list[str] = []  # dialogs that waited
        self.engine = SimpleNamespace(refitted=None)
        self.queue, self.others = Queue(self.engine), Signals()
        columns = SimpleNamespace(photo_ids=np.zeros(1, np.int64), locate=list)
        photos = SimpleNamespace(columns=columns, show_predictions=self.shown.append, show_in_place=self.shown.append)
        library = SimpleNamespace(barrier=threading.Event)
        session = SimpleNamespace(
            engine=self.engine, queue=self.queue, library=library, photos=photos, state=State(), device="cpu"
        )
        bar = SimpleNamespace(
            end_message=lambda _until: None,
            say=lambda text, *actions, **_until: self.said.append((text, actions)),
            start=lambda _job_id, title: self.said.append((title, ())),
            busy=False,
        )
        self.learning = LearningController(
            cast(Any, session), cast(Any, SimpleNamespace(bar=bar)), *(cast(Any, self.others) for _ in range(4))
        )
        self.refits = cast(Refits, self.learning._latest)
        self.followed = 0
        self.learning.followed.connect(self._count)

    def act(self) -> None:
        self.others.acted.emit([1])

    def _count(self) -> None:
        self.followed += 1

    def sort(self) -> None:
        self.learning.when_settled(lambda: self.opened.append("sort"))


@pytest.fixture
def bench(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    del qapp
    monkeypatch.setattr(learning_controller, "LatestOnly", Refits)
    made = Bench()
    # The timers of the bench fire when a test lets them.
    for timer in (made.learning._burst_timer, made.learning._pause):
        timer.setInterval(10_000_000)
    yield made
    made.learning.shutdown()


def test_a_refit_is_shown_and_used_in_one_step_or_not_at_all(bench: Bench) -> None:
    bench.act()
    bench.refits.answer((Refit("refit"), "suggestions"))
    assert (bench.engine.refitted, bench.shown) == ("refit", ["suggestions"])
    bench.learning._burst_timer.stop()
    bench.act()
    bench.learning.set_paused(True)
    bench.refits.answer((Refit("late"), "other suggestions"))
    assert (bench.engine.refitted, bench.shown) == ("refit", ["suggestions"])
    bench.sort()
    assert bench.opened == ["sort"], "what is shown is what is used"


def test_photos_in_view_are_shown_while_their_refit_is_awaited(bench: Bench) -> None:
    bench.act()
    token = bench.learning._cancel
    bench.learning._first_predicted.emit(token, "in view")
    assert bench.shown == ["in view"]
    bench.learning.set_paused(True)
    bench.learning._first_predicted.emit(token, "too late")
    assert bench.shown == ["in view"], "their model will not be used"


def test_an_exact_fit_takes_the_place_of_a_refit_that_came_late(bench: Bench) -> None:
    bench.act()
    bench.sort()
    bench.refits.answer((Refit("refit"), "suggestions"))
    bench.queue.drop_refit()
    bench.learning._burst_timer.stop()
    bench.act()
    bench.refits.answer((Refit("refit of the model before", is_new=False), "suggestions of the model before"))
    assert bench.shown == ["suggestions"]
    bench.queue.end()
    assert bench.shown == ["suggestions", "exact"]
    assert bench.engine.refitted is None


def test_a_refit_of_answers_after_the_exact_fit_stays_shown_and_used(bench: Bench) -> None:
    bench.act()
    bench.sort()
    bench.queue.drop_refit()
    bench.act()
    bench.refits.answer((Refit("refit"), "suggestions"))
    bench.queue.end()
    assert (bench.engine.refitted, bench.shown) == ("refit", ["suggestions"])


def test_the_exact_fit_gets_its_turn_though_the_person_goes_on(bench: Bench) -> None:
    for _ in range(MOST_WAITING - 1):
        bench.act()
        bench.refits.answer((Refit("refit"), "suggestions"))
        bench.learning._burst_timer.stop()
        bench.learning._on_pause()
        assert bench.queue.busy, "a short pause"
    bench.act()
    assert bench.queue.titles == [""] * (MOST_WAITING - 1), "stopped by each of the next actions"
    bench.refits.answer((Refit("refit"), "suggestions"))
    bench.learning._burst_timer.stop()
    assert bench.learning._pause.isActive()
    bench.learning._on_pause()
    for _ in range(3):
        bench.act()
        bench.refits.answer((Refit("refit of later answers"), "later suggestions"))
        bench.learning._burst_timer.stop()
        assert bench.queue.busy, "no action stops it any more"
    bench.queue.drop_refit()
    bench.queue.end()
    assert bench.shown[-1] == "exact"
    assert bench.refits.call is not None, "a refit adds the later answers to it"
    assert bench.learning._changed == {1: MOST_WAITING + 3}
    bench.refits.answer((Refit("refit of the rest"), "all answers"))
    assert (bench.engine.refitted, bench.shown[-1]) == ("refit of the rest", "all answers")


TITLE = "Learning from your photos"


def test_a_dialog_opens_only_once_every_action_is_learned(bench: Bench) -> None:
    bench.act()
    bench.learning._on_pause()  # too early: the refit is in hand
    bench.refits.answer((Refit("refit"), "suggestions"))
    bench.learning._on_pause()
    assert bench.queue.titles == [""]
    bench.sort()
    assert bench.said == [(TITLE, ())], "the job that is waited for is shown"
    bench.act()  # stops the fit in the background
    assert bench.opened == []
    assert bench.queue.titles == ["", TITLE]
    bench.act()  # stops no fit that is waited for
    bench.queue.end()
    assert bench.opened == []
    assert bench.queue.titles == ["", TITLE, TITLE]
    bench.queue.end()
    assert bench.opened == ["sort"]
    assert not bench.queue.busy


def test_a_dialog_does_not_open_where_the_person_cancels_the_fit(bench: Bench) -> None:
    bench.act()
    bench.sort()
    bench.queue.cancel(1)
    assert bench.opened == []
    assert not bench.queue.busy
    assert bench.learning._pause.isActive(), "the labels are learned later"
    bench.sort()
    bench.queue.end()
    assert bench.opened == ["sort"]


def test_a_fit_that_began_before_the_wait_is_cancelled_with_it(bench: Bench) -> None:
    bench.act()
    bench.refits.answer(None)
    bench.sort()
    bench.queue.cancel(1)
    assert (bench.opened, bench.queue.titles) == ([], [""])


def test_a_failed_fit_says_why_and_lets_the_person_go_on(bench: Bench) -> None:
    bench.act()
    bench.sort()
    bench.queue.fail()
    assert bench.opened == []
    text, ((action, go_on),) = bench.said[-1]
    assert (text, action) == ("Not learned: no disk space", "Go on")
    go_on()
    assert bench.opened == ["sort"]


def test_a_pause_opens_what_waits(bench: Bench) -> None:
    bench.act()
    bench.sort()
    bench.learning.set_paused(True)
    assert bench.opened == ["sort"], "nothing more is learned"
    assert not bench.queue.busy


def test_a_dialog_does_not_open_for_another_folder(bench: Bench) -> None:
    bench.act()
    bench.sort()
    bench.others.opened.emit(())
    bench.queue.end()
    assert bench.opened == []


def test_a_scan_that_ends_after_an_action_is_followed_by_a_refit(bench: Bench) -> None:
    bench.act()
    bench.refits.answer((Refit("refit"), "suggestions"))
    bench.learning._burst_timer.stop()
    bench.others.labelled.emit()
    bench.refits.answer((Refit("refit again"), "suggestions again"))
    assert bench.shown[-1] == "suggestions again"
    bench.learning._burst_timer.stop()
    bench.sort()
    bench.queue.end()
    bench.others.labelled.emit()
    assert bench.refits.call is None, "the scan knows what was learned"


def test_the_refit_begins_while_the_labels_are_written(bench: Bench) -> None:
    bench.others.acting.emit([1])
    assert bench.refits.call is not None
    bench.act()
    assert bench.learning.following
    bench.refits.answer((Refit("refit"), "suggestions"))
    assert (bench.engine.refitted, bench.shown) == ("refit", ["suggestions"])
    bench.learning._burst_timer.stop()
    bench.learning._refit_again()
    assert bench.refits.call is None, "it knows the action"
    bench.sort()
    bench.queue.end()
    assert bench.opened == ["sort"], "and so does the exact fit"


def test_a_refit_that_began_too_soon_is_repeated(bench: Bench) -> None:
    bench.others.acting.emit([1])
    bench.refits.answer((Refit("too soon"), "suggestions"))
    assert (bench.engine.refitted, bench.shown) == (None, []), "the labels are not known to be stored"
    bench.act()
    bench.refits.answer((Refit("refit"), "suggestions"))
    assert (bench.engine.refitted, bench.shown) == ("refit", ["suggestions"])

    # Labels of other photos, or of the same ones found in a folder, are not what it waited for.
    for signal, photo_id in ((bench.others.acted, 2), (bench.others.labels_found, 1)):
        bench.learning._burst_timer.stop()
        bench.others.acting.emit([1])
        signal.emit([photo_id])
        bench.refits.answer((Refit("refit"), "suggestions"))
        bench.learning._burst_timer.stop()
        bench.learning._refit_again()
        assert bench.refits.call is not None
        bench.refits.answer((Refit("refit again"), "suggestions again"))
        assert bench.shown[-1] == "suggestions again"


def test_no_refit_begins_for_labels_while_learning_is_paused(bench: Bench) -> None:
    bench.learning.set_paused(True)
    bench.others.acting.emit([1])
    assert bench.refits.call is None


def test_other_work_waits_until_no_refit_is_left(bench: Bench) -> None:
    bench.act()
    bench.act()
    bench.refits.answer((Refit("refit"), "suggestions"))
    assert (bench.learning.following, bench.followed) == (True, 0), "the second action waits for its refit"
    bench.learning._burst_timer.stop()
    bench.learning._refit_again()
    bench.refits.answer((Refit("refit again"), "suggestions again"))
    assert (bench.learning.following, bench.followed) == (False, 1)
    bench.learning._burst_timer.stop()
    bench.act()
    bench.refits.failed.emit(0, ValueError())
    assert (bench.learning.following, bench.followed) == (False, 2)
    bench.learning._burst_timer.stop()
    bench.act()
    bench.learning.set_paused(True)
    assert (bench.learning.following, bench.followed) == (False, 3)
