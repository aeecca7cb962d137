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
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.photos import ReadRecord
from flowersorter.library.tables.settings import CACHE_LIMIT_MB, Setting
from flowersorter.workflows.engine import Engine
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
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from tests.stub_network import ColourNetwork
from tests.unit.library.conftest import sha256_of

DAY_S = 24 * 60 * 60
JPEG = b"\xff\xd8" + b"x" * 99_996 + b"\xff\xd9"  # 100 kB: ten are one MB


def remember(collection: CollectionStore, folder: Path, numbers: range) -> None:
    """Photos the library knows, at one place each, with their small pictures."""
    places = collection.photos.sync_folder(folder, [(folder / f"{number}.jpg", 10, 20) for number in numbers])
    collection.photos.record(
        [
            ReadRecord(place.id, sha256_of(number), 10, 20, 400, 300, None, None)
            for place, number in zip(places, numbers, strict=True)
        ]
    )
    for number in numbers:
        collection.thumbnails.put(sha256_of(number), JPEG)


def used(collection: CollectionStore, number: int, days_ago: float) -> None:
    at = time.time() - days_ago * DAY_S
    os.utime(collection.thumbnails.path(sha256_of(number)), (at, at))


def kept(collection: CollectionStore, numbers: range) -> list[int]:
    return [number for number in numbers if collection.thumbnails.path(sha256_of(number)).is_file()]


def test_the_state_says_what_is_there(collection: CollectionStore, tmp_path: Path) -> None:
    assert cache_state(collection) == CacheState(0, 0, 0, 0, 4000)
    remember(collection, tmp_path / "photos", range(3))
    set_cache_limit(collection, 0)
    (collection.thumbnails.path(sha256_of(1)).with_name(f"{sha256_of(1).hex()}.jpg.1-1.part")).write_bytes(b"half")
    state = cache_state(collection)
    assert replace(state, embedding_bytes=0) == CacheState(3, 300_000, 3, 0, 0)
    collection.embeddings("resnet50")
    (collection.folder / "embeddings" / "resnet50.rows").write_bytes(b"x" * 5000)
    assert cache_state(collection).embedding_bytes >= 5000


def test_within_the_limit_nothing_goes(collection: CollectionStore, tmp_path: Path) -> None:
    remember(collection, tmp_path / "photos", range(10))
    for limit_mb in (1, 0, 4000):
        set_cache_limit(collection, limit_mb)
        assert clean_cache(collection, silent, CancelToken()) == Cleaned(0, 0)
    assert kept(collection, range(10)) == list(range(10))


def test_who_will_be_missed_least_goes_first(collection: CollectionStore, tmp_path: Path) -> None:
    """Unknown photos, then photos long gone from everywhere, then by use; down to nine tenths of the limit."""
    remember(collection, tmp_path / "photos", range(8))  # 0 to 7 are there
    remember(
        collection, tmp_path / "away", range(8, 12)
    )  # 8 to 11 are gone, 9 has been for long and 11 lies elsewhere too
    collection.photos.sync_folder(tmp_path / "away", [])
    remember(collection, tmp_path / "copy", range(11, 12))
    collection.thumbnails.put(sha256_of(99), JPEG)  # nobody knows this one
    for number in range(8):
        used(collection, number, 50 - number)
    used(collection, 8, 1)  # its drive was there yesterday
    used(collection, 9, 40)
    used(collection, 10, 0)
    used(collection, 11, 45)
    set_cache_limit(collection, 1)
    assert clean_cache(collection, silent, CancelToken()) == Cleaned(4, 4 * len(JPEG))
    assert kept(collection, range(100)) == [2, 3, 4, 5, 6, 7, 8, 10, 11]
    assert clean_cache(collection, silent, CancelToken()) == Cleaned(0, 0)


def test_everything_in_it_is_made_again(engine: Engine, photos: Path) -> None:
    """An emptied cache costs time, nothing else: no photo goes through the network again."""
    network = ColourNetwork()
    engine.open_network = lambda _backbone, _device: network

    def look() -> int:
        return predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken()).decoded

    assert look() == 30
    seen, before = network.embedded, cache_state(engine.collection)
    assert before.pictures == 30
    assert empty_cache(engine.collection, silent, CancelToken()) == Cleaned(30, before.picture_bytes)
    assert cache_state(engine.collection).pictures == 0
    assert look() == 0
    assert network.embedded == seen


def test_leftovers_go_when_they_are_old(collection: CollectionStore) -> None:
    collection.thumbnails.put(sha256_of(1), JPEG)
    name = collection.thumbnails.path(sha256_of(1))
    old, new = (name.with_name(f"{name.name}.{number}-1.part") for number in (1, 2))
    for part in (old, new):
        part.write_bytes(b"half")
    hours_ago = time.time() - 2 * 60 * 60
    os.utime(old, (hours_ago, hours_ago))
    assert clean_cache(collection, silent, CancelToken()) == Cleaned(0, 4)
    assert new.is_file()
    assert not old.exists()
    assert name.is_file()


def test_a_cleaning_is_due_once_a_day_and_beyond_the_limit(
    collection: CollectionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cleaning_due(collection)
    clean_cache(collection, silent, CancelToken())
    assert not cleaning_due(collection)
    set_cache_limit(collection, 1)
    for number in range(10):
        collection.thumbnails.put(sha256_of(number), JPEG)
    assert not cleaning_due(collection)
    collection.thumbnails.put(sha256_of(10), JPEG)
    assert cleaning_due(collection)
    assert clean_cache(collection, silent, CancelToken()).pictures == 2
    assert not cleaning_due(collection)
    now = time.time()
    for later, due in ((DAY_S - 60, False), (DAY_S + 60, True), (-DAY_S, True)):  # a clock that was put back
        monkeypatch.setattr(cache, "time", SimpleNamespace(time=lambda later=later: now + later))
        assert cleaning_due(collection) is due


def test_a_cleaning_can_be_stopped(collection: CollectionStore, tmp_path: Path) -> None:
    remember(collection, tmp_path / "photos", range(12))
    set_cache_limit(collection, 1)
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        clean_cache(collection, silent, cancel)
    with pytest.raises(Cancelled):
        empty_cache(collection, silent, cancel)
    assert kept(collection, range(12)) == list(range(12))
    assert cleaning_due(collection)


def test_a_limit_that_makes_no_sense_is_none(collection: CollectionStore) -> None:
    set_cache_limit(collection, -5)
    assert cache_state(collection).limit_mb == 0
    collection.settings.set(Setting(CACHE_LIMIT_MB.key, ""), "much")
    assert cache_state(collection).limit_mb == 4000
