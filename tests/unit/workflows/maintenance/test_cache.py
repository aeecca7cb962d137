"""The cache keeps to its limit: what goes first, what stays, and that whatever is gone is made again."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import Garden
from flowersorter.library.tables.photos import ReadRecord
from flowersorter.workflows.maintenance import cache
from flowersorter.workflows.maintenance.cache import (
    CacheState,
    Cleaned,
    cache_state,
    clean_cache,
    cleaning_due,
    empty_cache,
    set_cache_limit,
)
from flowersorter.workflows.predicting.predict_folder import LabelRequest, label
from tests.stub_network import ColourNetwork
from tests.unit.library.conftest import sha256_of

DAY_S = 24 * 60 * 60
JPEG = b"\xff\xd8" + b"x" * 99_996 + b"\xff\xd9"  # 100 kB: ten are one MB


def remember(garden: Garden, folder: Path, numbers: range) -> None:
    """Photos the library knows, at one place each, with their small pictures."""
    places = garden.photos.sync_folder(folder, [(folder / f"{number}.jpg", 10, 20) for number in numbers])
    garden.photos.record(
        [
            ReadRecord(place.id, sha256_of(number), 10, 20, 400, 300, None, None)
            for place, number in zip(places, numbers, strict=True)
        ]
    )
    for number in numbers:
        garden.thumbnails.put(sha256_of(number), JPEG)


def used(garden: Garden, number: int, days_ago: float) -> None:
    at = time.time() - days_ago * DAY_S
    os.utime(garden.thumbnails.path(sha256_of(number)), (at, at))


def kept(garden: Garden, numbers: range) -> list[int]:
    return [number for number in numbers if garden.thumbnails.path(sha256_of(number)).is_file()]


def test_the_state_says_what_is_there(garden: Garden, tmp_path: Path) -> None:
    assert cache_state(garden) == CacheState(0, 0, 0, 0, 4000)
    remember(garden, tmp_path / "photos", range(3))
    set_cache_limit(garden, 0)
    (garden.thumbnails.path(sha256_of(1)).with_name(f"{sha256_of(1).hex()}.jpg.1-1.part")).write_bytes(b"half")
    state = cache_state(garden)
    assert replace(state, embedding_bytes=0) == CacheState(3, 300_000, 3, 0, 0)
    garden.embeddings("resnet50")
    (garden.folder / "embeddings" / "resnet50.rows").write_bytes(b"x" * 5000)
    assert cache_state(garden).embedding_bytes >= 5000


def test_within_the_limit_nothing_goes(garden: Garden, tmp_path: Path) -> None:
    remember(garden, tmp_path / "photos", range(10))
    for limit_mb in (1, 0, 4000):
        set_cache_limit(garden, limit_mb)
        assert clean_cache(garden, silent, CancelToken()) == Cleaned(0, 0)
    assert kept(garden, range(10)) == list(range(10))


def test_who_will_be_missed_least_goes_first(garden: Garden, tmp_path: Path) -> None:
    """Unknown photos, then photos long gone from everywhere, then by use; down to nine tenths of the limit."""
    remember(garden, tmp_path / "photos", range(8))  # 0 to 7 are there
    remember(garden, tmp_path / "away", range(8, 12))  # 8 to 11 are gone, 9 has been for long and 11 lies elsewhere too
    garden.photos.sync_folder(tmp_path / "away", [])
    remember(garden, tmp_path / "copy", range(11, 12))
    garden.thumbnails.put(sha256_of(99), JPEG)  # nobody knows this one
    for number in range(8):
        used(garden, number, 50 - number)
    used(garden, 8, 1)  # its drive was there yesterday
    used(garden, 9, 40)
    used(garden, 10, 0)
    used(garden, 11, 45)
    set_cache_limit(garden, 1)
    assert clean_cache(garden, silent, CancelToken()) == Cleaned(4, 4 * len(JPEG))
    assert kept(garden, range(100)) == [2, 3, 4, 5, 6, 7, 8, 10, 11]
    assert clean_cache(garden, silent, CancelToken()) == Cleaned(0, 0)


def test_everything_in_it_is_made_again(garden: Garden, photos: Path) -> None:
    """An emptied cache costs time, nothing else: no photo goes through the network again."""
    network = ColourNetwork()

    def look() -> int:
        return label(
            LabelRequest(garden, photos), silent, CancelToken(), embedder=lambda _backbone, _device: network
        ).decoded

    assert look() == 30
    seen, before = network.embedded, cache_state(garden)
    assert before.pictures == 30
    assert empty_cache(garden, silent, CancelToken()) == Cleaned(30, before.picture_bytes)
    assert cache_state(garden).pictures == 0
    assert look() == 0
    assert network.embedded == seen


def test_leftovers_go_when_they_are_old(garden: Garden) -> None:
    garden.thumbnails.put(sha256_of(1), JPEG)
    name = garden.thumbnails.path(sha256_of(1))
    old, new = (name.with_name(f"{name.name}.{number}-1.part") for number in (1, 2))
    for part in (old, new):
        part.write_bytes(b"half")
    hours_ago = time.time() - 2 * 60 * 60
    os.utime(old, (hours_ago, hours_ago))
    assert clean_cache(garden, silent, CancelToken()) == Cleaned(0, 4)
    assert new.is_file()
    assert not old.exists()
    assert name.is_file()


def test_a_cleaning_is_due_once_a_day_and_beyond_the_limit(garden: Garden, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cleaning_due(garden)
    clean_cache(garden, silent, CancelToken())
    assert not cleaning_due(garden)
    set_cache_limit(garden, 1)
    for number in range(10):
        garden.thumbnails.put(sha256_of(number), JPEG)
    assert not cleaning_due(garden)
    garden.thumbnails.put(sha256_of(10), JPEG)
    assert cleaning_due(garden)
    assert clean_cache(garden, silent, CancelToken()).pictures == 2
    assert not cleaning_due(garden)
    now = time.time()
    for later, due in ((DAY_S - 60, False), (DAY_S + 60, True), (-DAY_S, True)):  # a clock that was put back
        monkeypatch.setattr(cache, "time", SimpleNamespace(time=lambda later=later: now + later))
        assert cleaning_due(garden) is due


def test_a_cleaning_can_be_stopped(garden: Garden, tmp_path: Path) -> None:
    remember(garden, tmp_path / "photos", range(12))
    set_cache_limit(garden, 1)
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        clean_cache(garden, silent, cancel)
    with pytest.raises(Cancelled):
        empty_cache(garden, silent, cancel)
    assert kept(garden, range(12)) == list(range(12))
    assert cleaning_due(garden)


def test_a_limit_that_makes_no_sense_is_none(garden: Garden) -> None:
    set_cache_limit(garden, -5)
    assert cache_state(garden).limit_mb == 0
    garden.settings.set("cache_limit_mb", "much")
    assert cache_state(garden).limit_mb == 4000
