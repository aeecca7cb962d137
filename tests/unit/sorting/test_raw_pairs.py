"""RAW files with and without a JPEG: one photo a shot, sorted and undone together, and nothing twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowersorter.jobs import CancelToken
from flowersorter.library.collection import CollectionStore
from flowersorter.photos.scan import scan
from flowersorter.photos.sidecars import RAW_SUFFIXES
from flowersorter.sorting.plan import Action, Mode
from tests.unit.sorting.file_trees import contents, names, plan, remember, snapshot, sort, take_back, write
from tests.unit.sorting.test_properties import scene

MOVED = (Mode.COPY, Mode.MOVE)
suffixes = st.sets(st.sampled_from([".JPG", ".heic", ".CR2", ".dng", ".xmp", ".CR2.xmp", ".MOV"]), min_size=1)


def found(folder: Path) -> list[Path]:
    """The photos of a folder, as a scan finds them; films are no photos."""
    paths = [each.path for each in scan(folder, CancelToken()).photos]
    return [path for path in paths if path.suffix != ".MOV"]


@settings(max_examples=60, derandomize=True)
@given(
    shots=st.dictionaries(st.sampled_from(["IMG_1", "img_2", "IMG 3", "a"]), suffixes, min_size=1),
    classes=st.lists(st.sampled_from(["Rose", "Tulip"]), min_size=10, max_size=10),
    mode=st.sampled_from(list(Mode)),
)
def test_every_combination_is_sorted_and_undone(shots: dict[str, set[str]], classes: list[str], mode: Mode) -> None:
    with scene() as stage:
        for stem, theirs in shots.items():
            for suffix in theirs:
                write(stage.source / (stem + suffix), f"{stem}{suffix}".encode())
        photos = dict(zip(found(stage.source), classes, strict=False))
        for stem, theirs in shots.items():
            of_shot = {path.suffix for path in photos if path.stem == stem}
            pictures = theirs & {".JPG", ".heic"} or theirs & {".CR2", ".dng"}
            assert of_shot == pictures, "a RAW with a JPEG or HEIC is no photo of its own"
        remember(stage.collection, stage.source, list(photos))
        before = snapshot(stage.source, stage.destination)

        result = sort(stage.collection, photos, stage.destination, mode, source=stage.source)

        assert all(filed.error is None for filed in result.files)
        after = snapshot(stage.destination)
        raws = [path for path in after if path.suffix.lower() in RAW_SUFFIXES]
        with_photo = {stem for stem in shots if shots[stem] & {".JPG", ".heic", ".CR2", ".dng"}}
        assert Counter(path.name for path in raws) == Counter(
            f"{stem}{suffix}" for stem in with_photo for suffix in shots[stem] & {".CR2", ".dng"}
        )
        for stem in with_photo:
            sidecars = {path.parent for path in after if path.name.startswith(stem + ".")}
            assert len(sidecars) == 1 or len(shots[stem] & {".JPG", ".heic", ".CR2", ".dng"}) > 1
        if result.run_id is not None:
            assert take_back(stage.collection, result.run_id).refused == ()
        assert snapshot(stage.source, stage.destination) == before


@pytest.mark.parametrize("mode", MOVED)
@pytest.mark.parametrize("taken", [False, True])
def test_a_jpeg_that_comes_later_joins_its_raw(
    collection: CollectionStore, tmp_path: Path, mode: Mode, taken: bool
) -> None:
    source, to = tmp_path / "photos", tmp_path / "sorted"
    raw = write(source / "IMG_1.CR2", b"raw")
    write(source / "IMG_1.xmp", b"edits")
    if taken:
        write(to / "Rose" / "IMG_1.CR2", b"another")
    remember(collection, source, [raw])
    first = sort(collection, {raw: "Rose"}, to, Mode.COPY, source=source)
    [filed] = [each.destination for each in first.files]
    assert filed is not None
    jpeg = write(source / "IMG_1.JPG", b"jpeg")
    assert found(source) == [jpeg]
    remember(collection, source, [jpeg])
    before = snapshot(source, to)

    second = sort(collection, {jpeg: "Rose"}, to, mode, source=source)

    stem = "IMG_1 (2)" if taken else "IMG_1"
    assert filed.name == f"{stem}.CR2"
    there = {f"Rose/{stem}{suffix}" for suffix in (".CR2", ".xmp", ".JPG")}
    assert names(to) == there | ({"Rose/IMG_1.CR2"} if taken else set())
    assert found(to / "Rose") == ([to / "Rose" / "IMG_1.CR2"] if taken else []) + [to / "Rose" / f"{stem}.JPG"]
    assert take_back(collection, second.run_id).refused == ()
    assert snapshot(source, to) == before


def test_a_jpeg_whose_name_beside_the_raw_is_taken_brings_it_along(tmp_path: Path) -> None:
    source, rose = tmp_path / "photos", tmp_path / "sorted" / "Rose"
    jpeg = write(source / "IMG_1.JPG", b"jpeg")
    for folder in (source, rose):
        write(folder / "IMG_1.CR2", b"raw")
    write(rose / "IMG_1.jpg", b"another photo")
    [planned] = plan({jpeg: "Rose"}, tmp_path / "sorted", Mode.COPY).files
    assert planned.destination.name == "IMG_1 (2).JPG"
    assert [target.name for _, target in planned.sidecars] == ["IMG_1 (2).CR2"]


def test_a_jpeg_joins_the_pointer_to_its_raw(tmp_path: Path) -> None:
    source, rose = tmp_path / "photos", tmp_path / "sorted" / "Rose"
    jpeg, raw = write(source / "IMG_1.JPG", b"jpeg"), write(source / "IMG_1.CR2", b"raw")
    rose.mkdir(parents=True)
    (rose / "IMG_1.CR2").symlink_to(raw)
    [planned] = plan({jpeg: "Rose"}, tmp_path / "sorted", Mode.SYMLINK).files
    assert (planned.destination, planned.sidecars) == (rose / "IMG_1.JPG", ())


@pytest.mark.parametrize("mode", MOVED)
def test_a_raw_whose_jpeg_is_gone_is_not_sorted_again(collection: CollectionStore, tmp_path: Path, mode: Mode) -> None:
    source, to = tmp_path / "photos", tmp_path / "sorted"
    jpeg, raw = write(source / "IMG_1.JPG", b"jpeg"), write(source / "IMG_1.CR2", b"raw")
    remember(collection, source, [jpeg])
    sort(collection, {jpeg: "Rose"}, to, Mode.COPY, source=source)
    jpeg.unlink()
    assert found(source) == [raw]
    remember(collection, source, [raw])
    before = contents(to)
    [planned] = plan({raw: "Rose"}, to, mode, source).files
    assert planned.action == Action.ALREADY_THERE
    sort(collection, {raw: "Rose"}, to, mode, source=source)
    assert contents(to) == before
    assert raw.exists()
