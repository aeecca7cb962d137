"""Labels from other programs and for them, dates of Google Takeout, from a script."""

from __future__ import annotations

import json
import zipfile
from datetime import datetime
from pathlib import Path

import pytest

from flowersorter import Collection
from flowersorter.errors import UserError
from tests.drawing import RED, textured, write_jpeg
from tests.stub_network import open_colour_network
from tests.unit.sorting.file_trees import snapshot
from tests.unit.workflows.conftest import draw_photos


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    draw_photos(tmp_path / "photos", "red", 3)
    draw_photos(tmp_path / "photos" / "more", "blue", 2)
    return tmp_path / "photos"


def test_labels_are_taken_exported_and_taken_again(collection: Collection, photos: Path, tmp_path: Path) -> None:
    (photos / "labels.csv").write_text("file,class\nred_0.jpg,Rose\nmore/blue_0.jpg,Lily\n../x.jpg,Rose\n")
    taken = collection.label_from_file(photos / "labels.csv")
    assert taken == {photos / "red_0.jpg": "Rose", photos / "more" / "blue_0.jpg": "Lily"}
    assert collection.label_from_file(photos / "labels.csv", photos, format="csv") == {}
    file = collection.export_labels(photos, tmp_path / "out.json", format="coco", only_labelled=True)
    assert len(json.loads(file.read_bytes())["images"]) == 2
    with Collection.open(tmp_path / "other") as other:
        other._engine.open_network = open_colour_network
        assert other.label_from_file(file, photos) == taken
    zipped = collection.export_labels([photos], tmp_path / "out.zip", format="darwin-core", place=(48.1, 11.6))
    assert zipped.read_bytes()[:2] == b"PK"


def test_a_format_that_does_not_exist_is_refused(collection: Collection, photos: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="format cannot be 'xml'"):
        collection.export_labels(photos, tmp_path / "x", format="xml")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="format cannot be 'xml'"):
        collection.label_from_file(photos, format="xml")  # type: ignore[arg-type]
    photo = photos / "red_0.jpg"
    before = photo.read_bytes()
    with pytest.raises(UserError, match=r"red_0\.jpg: the name of a coco file ends in \.json"):
        collection.export_labels(photos, photo, format="coco")
    assert photo.read_bytes() == before
    with pytest.raises(UserError, match="is not a place"):
        collection.export_labels(photos, tmp_path / "x.zip", format="camtrap-dp", place=(95.0, 0.0))
    with pytest.raises(UserError, match="is not a place"):
        collection.export_labels(photos, tmp_path / "x.zip", format="darwin-core", place="48")
    collection.label(next(photos.rglob("*.jpg")), "red")
    written = collection.export_labels(photos, tmp_path / "y.zip", format="darwin-core", place="48.1, 11.6")
    assert b"48.1" in zipfile.ZipFile(written).read("occurrence.txt")


def test_a_photo_of_takeout_has_its_date_and_keeps_its_file(collection: Collection, tmp_path: Path) -> None:
    folder = tmp_path / "Photos from 2019"
    folder.mkdir()
    taken_s = 1_557_000_000
    write_jpeg(folder / "a.jpg", textured((96, 72), RED, seed=1))
    write_jpeg(folder / "b.jpg", textured((96, 72), RED, seed=2), taken_at=datetime(2020, 1, 2, 3, 4, 5))
    for name in ("a", "b"):
        content = json.dumps({"title": f"{name}.jpg", "photoTakenTime": {"timestamp": str(taken_s)}})
        (folder / f"{name}.jpg.supplemental-metadata.json").write_text(content)
    before = snapshot(folder)
    found = collection.predict(folder, order="date")
    assert [photo.path.name for photo in found] == ["a.jpg", "b.jpg"]  # that of the camera counts for b
    for name in ("a", "b"):
        collection.label(folder / f"{name}.jpg", "Rose")
    collection.sort(folder, tmp_path / "sorted", mode="move", pattern="{class}/{date:%Y}", dry_run=False)
    assert sorted(path.relative_to(tmp_path / "sorted").as_posix() for path in (tmp_path / "sorted").rglob("*.*")) == [
        "Rose/2019/a.jpg",
        "Rose/2019/a.jpg.supplemental-metadata.json",
        "Rose/2020/b.jpg",
        "Rose/2020/b.jpg.supplemental-metadata.json",
    ]
    collection.undo()
    assert snapshot(folder) == before
