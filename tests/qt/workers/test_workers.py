"""The small workers: rate limit, coalescer, newest wish, thumbnail pool, preload."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from flowersorter.errors import PhotoUnreadable
from flowersorter.workers.latest_only import LatestOnly
from flowersorter.workers.preload import Preload
from flowersorter.workers.throttle import Coalescer, RateLimit
from flowersorter.workers.thumbnail_pool import ThumbnailPool, Wanted


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_rate_limit_lets_the_first_through_and_then_one_per_interval() -> None:
    clock = Clock()
    limit = RateLimit(10, clock)
    passed = []
    for tick in range(20):
        clock.now = tick * 0.03
        passed.append(limit.due())
    assert passed[0]
    assert sum(passed) == 5


def test_coalescer_turns_many_pokes_into_one(qtbot: QtBot) -> None:
    coalescer, fired = Coalescer(5), []
    coalescer.fired.connect(lambda: fired.append(1))
    for _ in range(50):
        coalescer.poke()
    qtbot.waitUntil(lambda: bool(fired))
    assert fired == [1]
    coalescer.poke()
    coalescer.stop()


def test_newest_drops_the_wishes_in_between(qtbot: QtBot) -> None:
    newest, loaded = LatestOnly(), []
    newest.loaded.connect(lambda key, result: loaded.append((key, result)))
    gate, began = threading.Event(), threading.Event()
    ran: list[str] = []

    def slow() -> str:
        began.set()
        gate.wait(30)
        ran.append("slow")
        return "slow"

    def note(key: str) -> str:
        ran.append(key)
        return key

    newest.request("a", slow)
    assert began.wait(30)
    for key in "bcd":
        newest.request(key, partial(note, key))
    gate.set()
    qtbot.waitUntil(lambda: bool(loaded))
    assert loaded == [("d", "d")]
    assert ran == ["slow", "d"]
    newest.shutdown()


def test_newest_tells_why_a_wish_failed(qtbot: QtBot) -> None:
    newest, failed = LatestOnly(), []
    newest.failed.connect(lambda key, error: failed.append((key, type(error))))
    newest.request("a", lambda: 1 / 0)
    qtbot.waitUntil(lambda: bool(failed))
    assert failed == [("a", ZeroDivisionError)]
    newest.shutdown()


class SlowDisk:
    """Loads 10 x 10 thumbnails of 400 bytes, one at a time when it is let."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.asked: list[int] = []
        self.bad: set[int] = set()

    def __call__(self, wanted: Wanted) -> QImage:
        self.asked.append(wanted.place_id)
        self.gate.wait(30)
        if wanted.place_id in self.bad:
            raise PhotoUnreadable("The photo cannot be shown", "the file is cut off")
        image = QImage(10, 10, QImage.Format.Format_RGB32)
        image.fill(0xFF000000 + wanted.place_id)
        return image


def wanted(place_id: int) -> Wanted:
    return Wanted(place_id, 0, Path(f"/photos/{place_id}.jpg"))


@pytest.fixture
def disk() -> SlowDisk:
    return SlowDisk()


@pytest.fixture
def pool(qtbot: QtBot, disk: SlowDisk) -> Iterator[ThumbnailPool]:
    made = ThumbnailPool(disk, threads=1, max_bytes=4 * 400)
    yield made
    disk.gate.set()
    made.shutdown()


def test_the_newest_wish_is_served_first_and_scrolled_away_ones_never(
    pool: ThumbnailPool, disk: SlowDisk, qtbot: QtBot
) -> None:
    arrived: list[int] = []
    pool.arrived.connect(arrived.extend)
    assert pool.image(wanted(1)) is None
    qtbot.waitUntil(lambda: disk.asked == [1])
    for place_id in range(2, 8):
        pool.image(wanted(place_id))
    pool.retain([5, 6, 7])
    assert pool.waiting == 3
    disk.gate.set()
    qtbot.waitUntil(lambda: len(arrived) == 4)
    assert disk.asked == [1, 7, 6, 5]
    image = pool.image(wanted(7))
    assert image is not None
    assert image.pixel(0, 0) == 0xFF000007


def test_memory_is_bounded_and_what_was_not_looked_at_goes_first(
    pool: ThumbnailPool, disk: SlowDisk, qtbot: QtBot
) -> None:
    arrived: list[int] = []
    pool.arrived.connect(arrived.extend)
    disk.gate.set()
    for place_id in range(1, 5):
        pool.image(wanted(place_id))
        qtbot.waitUntil(partial(lambda count: len(arrived) == count, place_id))
    assert pool.image(wanted(1)) is not None  # looked at again
    pool.image(wanted(9))
    qtbot.waitUntil(lambda: 9 in arrived)
    assert pool.cached_bytes == 4 * 400
    assert pool.image(wanted(1)) is not None
    assert pool.image(wanted(2)) is None


def test_an_unreadable_photo_is_told_once_and_not_tried_at_every_paint(
    pool: ThumbnailPool, disk: SlowDisk, qtbot: QtBot
) -> None:
    problems: list[tuple[int, str]] = []
    pool.unreadable.connect(problems.extend)
    disk.bad.add(3)
    disk.gate.set()
    pool.image(wanted(3))
    qtbot.waitUntil(lambda: bool(problems))
    assert pool.image(wanted(3)) is None
    assert problems == [(3, "the file is cut off")]
    assert disk.asked == [3]
    pool.forget([3])
    pool.image(wanted(3))
    qtbot.waitUntil(lambda: len(problems) == 2)


def test_a_photo_forgotten_while_it_is_read_is_read_again(pool: ThumbnailPool, disk: SlowDisk, qtbot: QtBot) -> None:
    arrived: list[int] = []
    pool.arrived.connect(arrived.extend)
    pool.image(wanted(1))
    qtbot.waitUntil(lambda: disk.asked == [1])
    pool.forget([1])
    disk.gate.set()
    qtbot.waitUntil(lambda: arrived == [1])
    assert pool.image(wanted(1)) is None  # the old file's thumbnail was thrown away
    qtbot.waitUntil(lambda: arrived == [1, 1])
    assert pool.image(wanted(1)) is not None


def test_preload_imports_in_a_thread_and_a_missing_package_is_no_matter(qtbot: QtBot) -> None:
    sys.modules.pop("wave", None)
    preload = Preload()
    with qtbot.waitSignal(preload.finished):
        preload.begin(("wave", "a_package_nobody_has", "colorsys_never"))
    assert "wave" in sys.modules
    preload.stop()
