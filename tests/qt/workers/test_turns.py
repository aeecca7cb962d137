"""News that pile up let the window do something else in between."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from flowersorter.workers import turns
from flowersorter.workers.library_queue import LibraryQueue
from flowersorter.workers.thumbnail_pool import ThumbnailPool, Wanted
from flowersorter.workers.turns import Turns


def test_calls_that_pile_up_let_other_events_in_between(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "TURN_S", 1e-9)  # one call is enough for a turn
    done: list[str] = []
    made = Turns()
    beat = QTimer()
    beat.timeout.connect(lambda: done.append("beat"))
    beat.start(0)
    for number in range(3):
        made.take(lambda name=f"call {number}": done.append(name))  # type: ignore[misc]
    qtbot.waitUntil(lambda: "call 2" in done)
    beat.stop()
    calls = [each for each in done if each != "beat"]
    assert calls == ["call 0", "call 1", "call 2"]
    assert "beat" in done[done.index("call 0") : done.index("call 1")]
    assert "beat" in done[done.index("call 1") : done.index("call 2")]
    qtbot.waitUntil(lambda: not made._timer.isActive())


def test_a_single_call_is_made_at_once(qtbot: QtBot) -> None:
    made, done = Turns(), list[int]()
    made.take(lambda: done.append(1))
    assert done == [1]
    qtbot.waitUntil(lambda: not made._timer.isActive())


def test_a_call_that_fails_holds_up_no_other(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "TURN_S", 1e-9)
    made, done = Turns(), list[int]()
    with qtbot.captureExceptions() as failures:
        made.take(lambda: done.append(1))
        made.take(lambda: done.append(1 // 0))
        made.take(lambda: done.append(3))
        qtbot.waitUntil(lambda: done == [1, 3])
    assert [kind for kind, _, _ in failures] == [ZeroDivisionError]
    qtbot.waitUntil(lambda: not made._timer.isActive())


def test_thumbnails_wait_for_their_turn_behind_the_news_of_the_library(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "TURN_S", 1e-9)
    shared, done = Turns(), list[str]()
    library = LibraryQueue(turns=shared)
    pool = ThumbnailPool(lambda _: QImage(1, 1, QImage.Format.Format_RGB32), threads=1, turns=shared)
    beat = QTimer()
    beat.timeout.connect(lambda: done.append("beat"))
    pool.arrived.connect(lambda _: done.append("thumbnail"))
    pool.image(Wanted(1, 1, Path("a.jpg")))
    library.submit(lambda: None, lambda _: done.append("library"))
    with pool._ended:
        assert pool._ended.wait_for(lambda: not pool._drains, 10)
    assert library.barrier().wait(10)  # both have sent their news now, and neither is delivered
    beat.start(0)
    qtbot.waitUntil(lambda: {"thumbnail", "library"} <= set(done))
    beat.stop()
    pool.shutdown()
    library.shutdown()
    first, second = sorted((done.index("thumbnail"), done.index("library")))
    assert "beat" in done[first:second]
    qtbot.waitUntil(lambda: not shared._timer.isActive())
