"""A film goes along with the photo of its name and moment; one of another moment stays, and the plan names it."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.execute import execute
from flowersorter.sorting.plan import Mode, SortPlan
from flowersorter.sorting.runs.make_plan import make_plan
from tests.drawing import film_bytes
from tests.unit.sorting.file_trees import filing, names, snapshot, take_back, write

TAKEN = datetime(2024, 5, 5, 10, 0, 0)
OTHER_YEAR = film_bytes(TAKEN - timedelta(days=365))
SAME_MOMENT = film_bytes(TAKEN + timedelta(hours=2, seconds=1))


def planned(photo: Path, destination: Path, mode: Mode = Mode.MOVE, taken_at: datetime | None = TAKEN) -> SortPlan:
    photos = [dataclasses.replace(filing(photo, "Rose"), taken_at=taken_at)]
    return make_plan(photos, destination, mode, CancelToken(), source_root=photo.parent)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return write(tmp_path / "photos" / "IMG_0001.JPG", b"a photo")


def test_a_film_of_the_same_moment_goes_along(photo: Path, destination: Path) -> None:
    write(photo.with_suffix(".MOV"), SAME_MOMENT)
    made = planned(photo, destination)
    assert (made.sidecars, made.staying, made.other_films) == ({".mov": 1}, {}, ())


def test_a_film_of_another_year_stays_with_its_own_sidecars(
    photo: Path, destination: Path, collection: CollectionStore
) -> None:
    film = write(photo.with_suffix(".mov"), OTHER_YEAR)
    write(photo.with_name("img_0001.MOV.xmp"), b"of the film")
    write(photo.with_suffix(".xmp"), b"of the photo")
    write(photo.with_suffix(".mp4"), SAME_MOMENT)
    before = snapshot(photo.parent)

    made = planned(photo, destination)
    assert made.sidecars == {".xmp": 1, ".mp4": 1}
    assert made.staying == {".mov": 1, ".xmp": 1}
    assert made.other_films == (film,)
    result = execute(made, collection, silent, CancelToken())
    assert names(photo.parent) == {"IMG_0001.mov", "img_0001.MOV.xmp"}
    assert names(destination) == {"Rose/IMG_0001.JPG", "Rose/IMG_0001.xmp", "Rose/IMG_0001.mp4"}
    assert not take_back(collection, result.run_id).refused
    assert snapshot(photo.parent) == before


@pytest.mark.parametrize(
    ("film", "taken_at"), [(OTHER_YEAR, None), (film_bytes(None), TAKEN), (b"no film that says when", TAKEN)]
)
def test_where_a_time_is_unknown_the_name_counts(
    photo: Path, destination: Path, film: bytes, taken_at: datetime | None
) -> None:
    write(photo.with_suffix(".MOV"), film)
    made = planned(photo, destination, taken_at=taken_at)
    assert (made.sidecars, made.other_films) == ({".mov": 1}, ())


def test_a_film_put_beside_a_sorted_photo_is_compared_as_well(
    photo: Path, destination: Path, collection: CollectionStore
) -> None:
    execute(planned(photo, destination, Mode.COPY), collection, silent, CancelToken())
    film = write(photo.with_suffix(".MOV"), OTHER_YEAR)
    made = planned(photo, destination, Mode.COPY)
    assert (made.sidecars, made.other_films, made.changes_disk) == ({}, (film,), False)
    film.write_bytes(SAME_MOMENT)
    assert planned(photo, destination, Mode.COPY).sidecars == {".mov": 1}
