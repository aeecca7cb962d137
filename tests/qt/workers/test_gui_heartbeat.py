"""Worker threads wait while the GUI thread is behind."""

from __future__ import annotations

import threading

import pytest
from pytestqt.qtbot import QtBot

from flowersorter.jobs import CancelToken, Report
from flowersorter.workers.gui_heartbeat import GuiHeartbeat
from flowersorter.workers.job_queue import JobQueue
from tests.stuck import LIMIT_S


def asked(heartbeat: GuiHeartbeat) -> threading.Thread:
    """A thread that gives way once."""
    thread = threading.Thread(target=heartbeat.give_way, daemon=True)
    thread.start()
    return thread


def begun(heartbeat: GuiHeartbeat, qtbot: QtBot) -> None:
    asked(heartbeat).join(LIMIT_S)
    qtbot.waitUntil(lambda: heartbeat.beating)


def test_the_timer_runs_only_while_workers_ask(qtbot: QtBot) -> None:
    heartbeat = GuiHeartbeat()
    assert not heartbeat.beating
    begun(heartbeat, qtbot)
    qtbot.waitUntil(lambda: not heartbeat.beating)
    begun(heartbeat, qtbot)


def test_a_worker_goes_on_while_the_gui_thread_is_in_time(qtbot: QtBot) -> None:
    heartbeat = GuiHeartbeat(late_after_s=LIMIT_S, most_s=LIMIT_S)
    begun(heartbeat, qtbot)
    thread = asked(heartbeat)
    thread.join(LIMIT_S)  # no event is handled here
    assert not thread.is_alive()


def test_a_worker_waits_for_the_gui_thread_to_catch_up(qtbot: QtBot) -> None:
    heartbeat = GuiHeartbeat(late_after_s=0, most_s=2 * LIMIT_S)
    begun(heartbeat, qtbot)
    thread = asked(heartbeat)
    thread.join(0.05)  # no event is handled here
    assert thread.is_alive()
    qtbot.waitUntil(lambda: not thread.is_alive())


def test_a_worker_waits_once_for_a_gui_thread_that_stands_still(qtbot: QtBot) -> None:
    heartbeat = GuiHeartbeat(late_after_s=0, most_s=0.01)
    begun(heartbeat, qtbot)
    thread = asked(heartbeat)
    thread.join(LIMIT_S)
    heartbeat._most_s = 2 * LIMIT_S  # the next wait would be seen
    again = asked(heartbeat)
    again.join(LIMIT_S)
    assert not thread.is_alive()
    assert not again.is_alive()


def test_a_job_gives_way_where_it_checks_for_a_stop(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    waited_in: list[threading.Thread] = []
    monkeypatch.setattr(GuiHeartbeat, "give_way", lambda _: waited_in.append(threading.current_thread()))
    queue, ran_in = JobQueue(), list[threading.Thread]()

    def job(report: Report, cancel: CancelToken) -> None:
        del report
        ran_in.append(threading.current_thread())
        waited_in.clear()
        cancel.check()

    with qtbot.waitSignal(queue.finished):
        queue.submit("", job)
    queue.shutdown()
    assert waited_in == ran_in
