"""The small workers: rate limit, coalescer, newest wish, thumbnail pool, preload."""

from __future__ import annotations

import operator
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from flowersorter.errors import PhotoUnreadable
from flowersorter.jobs.worker_threads import workers_ended
from flowersorter.workers.latest_only import LatestOnly
from flowersorter.workers.preload import Preload
from flowersorter.workers.throttle import Coalescer, RateLimit
from flowersorter.workers.thumbnail_pool import MOST_THREADS, ThumbnailPool, Wanted
from tests.stuck import LIMIT_S, Stuck


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
        gate.wait(LIMIT_S)
        ran.append("slow")
        return "slow"

    def note(key: str) -> str:
        ran.append(key)
        return key

    newest.request("a", slow)
    assert began.wait(LIMIT_S)
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
        self.colours: dict[int, int] = {}
        self.loaded = threading.Event()

    def __call__(self, wanted: Wanted) -> QImage:
        self.asked.append(wanted.place_id)
        self.gate.wait(LIMIT_S)
        if wanted.place_id in self.bad:
            raise PhotoUnreadable("The photo cannot be shown", "the file is cut off")
        image = QImage(10, 10, QImage.Format.Format_RGB32)
        image.fill(0xFF000000 + self.colours.get(wanted.place_id, wanted.place_id))
        self.loaded.set()
        return image


def wanted(place_id: int, photo_id: int = 0) -> Wanted:
    return Wanted(place_id, photo_id, Path(f"/photos/{place_id}.jpg"))


def shown(pool: ThumbnailPool, asked: Wanted) -> int | None:
    """The colour of the thumbnail that is given at once."""
    image = pool.image(asked)
    return None if image is None else image.pixel(0, 0) - 0xFF000000


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
    assert pool._bytes == 4 * 400
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


def test_a_photo_forgotten_once_it_is_read_is_read_again(pool: ThumbnailPool, disk: SlowDisk, qtbot: QtBot) -> None:
    """The thumbnail is made, and the window has not heard of it yet."""
    asked = wanted(1)
    disk.colours[1] = 0xAA
    disk.gate.set()
    pool.image(asked)
    assert disk.loaded.wait(LIMIT_S)
    disk.colours[1] = 0xBB
    pool.forget([1])
    arrived: list[int] = []
    pool.arrived.connect(arrived.extend)
    qtbot.waitUntil(lambda: arrived == [1])
    assert shown(pool, asked) is None
    qtbot.waitUntil(lambda: arrived == [1, 1])
    assert shown(pool, asked) == 0xBB


def test_of_two_requests_for_a_place_the_newest_counts_whichever_ends_last(qtbot: QtBot) -> None:
    gates = {1001: threading.Event(), 1002: threading.Event()}
    began = {1001: threading.Event(), 1002: threading.Event()}

    def load(asked: Wanted) -> QImage:
        began[asked.photo_id].set()
        assert gates[asked.photo_id].wait(LIMIT_S)
        image = QImage(10, 10, QImage.Format.Format_RGB32)
        image.fill(0xFF000000 + asked.photo_id)
        return image

    pool, arrived = ThumbnailPool(load, threads=2), list[int]()
    pool.arrived.connect(arrived.extend)
    old, new = wanted(1, 1001), wanted(1, 1002)
    pool.image(old)
    assert began[1001].wait(LIMIT_S)
    pool.image(new)  # the file is another photo now
    assert began[1002].wait(LIMIT_S)
    gates[1002].set()
    qtbot.waitUntil(lambda: arrived == [1])
    gates[1001].set()
    qtbot.waitUntil(lambda: arrived == [1, 1])  # a view asks again, and gets what it has
    assert shown(pool, new) == 1002
    pool.shutdown()


def test_another_photo_at_a_place_is_loaded_whether_or_not_the_old_one_could_be(
    pool: ThumbnailPool, disk: SlowDisk, qtbot: QtBot
) -> None:
    arrived: list[int] = []
    problems: list[tuple[int, str]] = []
    pool.arrived.connect(arrived.extend)
    pool.unreadable.connect(problems.extend)
    disk.gate.set()
    disk.bad.add(2)
    for place_id in (1, 2):
        pool.image(wanted(place_id, 7))
    qtbot.waitUntil(lambda: arrived == [1] and len(problems) == 1)
    disk.bad.clear()
    disk.colours = {1: 0xAA, 2: 0xBB}
    assert [shown(pool, wanted(place_id, 8)) for place_id in (1, 2)] == [None, None]
    qtbot.waitUntil(lambda: len(arrived) == 3)
    assert [shown(pool, wanted(place_id, 8)) for place_id in (1, 2)] == [0xAA, 0xBB]


def test_a_photo_that_was_just_read_is_loaded_again_and_its_tile_stays_meanwhile(
    pool: ThumbnailPool, disk: SlowDisk, qtbot: QtBot
) -> None:
    """The file may have been written to the end since its first thumbnail was made."""
    arrived: list[int] = []
    pool.arrived.connect(arrived.extend)
    disk.gate.set()
    disk.colours[1] = 0xAA
    pool.image(wanted(1))
    qtbot.waitUntil(lambda: arrived == [1])
    disk.colours[1] = 0xBB
    assert shown(pool, wanted(1, 7)) == 0xAA
    qtbot.waitUntil(lambda: arrived == [1, 1])
    assert shown(pool, wanted(1, 7)) == 0xBB
    assert pool._bytes == 400


def test_preload_imports_in_a_thread_and_a_missing_package_is_no_matter(qtbot: QtBot) -> None:
    sys.modules.pop("wave", None)
    preload = Preload()
    with qtbot.waitSignal(preload.finished):
        preload.begin(("wave", "a_package_nobody_has", "colorsys_never"))
    assert "wave" in sys.modules
    preload.stop()


def test_preload_lets_no_fault_of_a_broken_package_out(qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise OSError(126, "c10.dll")

    caplog.set_level("INFO")
    preload = Preload()
    with qtbot.waitSignal(preload.finished):
        preload.begin((), fail)
    preload.stop()
    assert caplog.messages == ["Not imported beforehand"]


def test_nothing_waits_for_a_photo_that_is_being_decoded_when_the_window_closes(qtbot: QtBot) -> None:
    stuck, said = Stuck(), list[object]()
    pool = ThumbnailPool(stuck, threads=1)  # type: ignore[arg-type]
    pool.arrived.connect(said.append)
    pool.unreadable.connect(said.append)
    pool.image(wanted(1))
    assert stuck.begun.wait(LIMIT_S)
    pool.shutdown()
    pool.image(wanted(2))
    stuck.gate.set()
    assert workers_ended(LIMIT_S)
    QCoreApplication.processEvents()
    assert said == []


def test_nothing_waits_for_a_large_picture_when_the_window_closes(qtbot: QtBot) -> None:
    stuck, said = Stuck(), list[object]()
    latest = LatestOnly()
    latest.loaded.connect(lambda key, result: said.append((key, result)))
    latest.request("a", stuck)
    assert stuck.begun.wait(LIMIT_S)
    latest.shutdown()
    latest.request("b", lambda: 1)
    assert latest.busy  # with the first
    latest.deleteLater()
    QCoreApplication.sendPostedEvents(latest, QEvent.Type.DeferredDelete)
    stuck.gate.set()
    assert workers_ended(LIMIT_S)
    assert not latest.busy
    assert said == []


def test_decoders_that_do_not_end_hold_up_no_other_thumbnail(qtbot: QtBot) -> None:
    """Both threads are with photos that take hours; the others come nonetheless, also those wanted later."""
    stuck, arrived = Stuck(), list[int]()
    begun: list[int] = []

    def load(asked: Wanted) -> QImage:
        if asked.place_id <= 2:
            begun.append(asked.place_id)
            stuck()
        return QImage(10, 10, QImage.Format.Format_RGB32)

    pool = ThumbnailPool(load, threads=2, slow_after_s=0.01)
    pool.arrived.connect(arrived.extend)
    for place_id in (1, 2):
        pool.image(wanted(place_id))
    qtbot.waitUntil(lambda: len(begun) == 2)
    for later in ([3, 4, 5], [6]):
        for place_id in later:
            pool.image(wanted(place_id))
        qtbot.waitUntil(partial(set(later).issubset, arrived))
    assert sorted(arrived) == [3, 4, 5, 6]
    stuck.gate.set()
    qtbot.waitUntil(lambda: sorted(arrived) == [1, 2, 3, 4, 5, 6])
    assert workers_ended(LIMIT_S)
    pool.shutdown()


def test_there_are_only_so_many_threads_however_many_decoders_do_not_end(qtbot: QtBot) -> None:
    stuck, held = Stuck(), list[int]()
    arrived: list[int] = []

    def load(asked: Wanted) -> QImage:
        if asked.place_id <= 10:
            held.append(asked.place_id)
            stuck()
        return QImage(10, 10, QImage.Format.Format_RGB32)

    pool = ThumbnailPool(load, threads=1, slow_after_s=0.01)
    pool.arrived.connect(arrived.extend)
    for place_id in range(11, 0, -1):
        pool.image(wanted(place_id))
    qtbot.waitUntil(lambda: len(held) == MOST_THREADS)
    with qtbot.waitSignal(pool._slow_timer.timeout):
        pass
    assert len(held) == MOST_THREADS
    stuck.gate.set()
    qtbot.waitUntil(lambda: len(arrived) == 11)
    assert workers_ended(LIMIT_S)
    pool.shutdown()


def test_a_large_picture_that_takes_hours_holds_up_no_later_one(qtbot: QtBot) -> None:
    first, second, said = Stuck(), Stuck(), list[object]()
    latest = LatestOnly(slow_after_s=0.01)
    latest.loaded.connect(lambda key, result: said.append((key, result)))
    for key, stuck in (("a", first), ("b", second)):
        latest.request(key, stuck)
        qtbot.waitUntil(stuck.begun.is_set)
    for key in ("c", "d"):
        latest.request(key, partial(str, key))
        qtbot.waitUntil(partial(operator.contains, said, (key, key)))
    first.gate.set()
    second.gate.set()
    assert workers_ended(LIMIT_S)
    QCoreApplication.processEvents()
    assert said == [("c", "c"), ("d", "d")]
    assert not latest.busy
    latest.shutdown()
