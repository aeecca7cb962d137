"""Another program rewrites labelled photos: the same picture keeps its label, another one does not get it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from PIL import Image

from flowersorter.domain.label import Label
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.database.connection import Database
from flowersorter.library.database.schema import MIGRATIONS
from flowersorter.library.tables.classes import ClassTable
from flowersorter.library.tables.edited_photos import former_hashes, gone_labels, replaced_photos
from flowersorter.library.tables.labels import LabelTable
from flowersorter.photos.same_picture import same_picture
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.labelling.gone_labels import forget_gone_labels
from flowersorter.workflows.labelling.pending_labels import LabelStep, PendingLabels
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from tests.drawing import BLUE, RED, jpeg_bytes, textured


def scanned(engine: Engine, folder: Path) -> dict[str, int]:
    """Photo ids by name."""
    rows = predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken()).rows
    return {path.name: int(photo_id) for path, photo_id in zip(rows.paths, rows.photo_ids, strict=True)}


def rate(path: Path) -> None:
    """Write a comment: same pixels, other bytes."""
    data, comment = path.read_bytes(), b"5 stars"
    path.write_bytes(data[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + data[2:])


def turn(path: Path) -> None:
    with Image.open(path) as image:
        turned = image.transpose(Image.Transpose.ROTATE_90)
    turned.save(path, quality=85)


def labels_of(engine: Engine, ids: dict[str, int], *names: str) -> list[Label | None]:
    found = engine.collection.labels.get(list(ids.values()))
    return [found.get(ids[name]) for name in names]


def test_a_rating_or_a_turn_keeps_the_label_and_its_reviews(engine: Engine, photos: Path) -> None:
    before = scanned(engine, photos)
    lily, fern = (engine.collection.classes.add(name) for name in ("lily", "fern"))
    names = [name for name in before if name.startswith("red")][:2]
    assign(engine.collection, [before[name] for name in names], lily.id)
    engine.collection.reviewed_labels.add(before[names[0]], lily.id, fern.id)
    paths = [next(photos.rglob(name)) for name in names]
    rate(paths[0])
    turn(paths[1])
    after = scanned(engine, photos)
    assert [entry and entry.class_id for entry in labels_of(engine, after, *names)] == [lily.id] * 2
    assert (after[names[0]], lily.id, fern.id) in engine.collection.reviewed_labels.all()
    assert engine.collection.labels.counts() == {lily.id: 2}
    assert gone_labels(engine.collection.database) == []
    assert {photo_id for photo_id, _ in former_hashes(engine.collection.database, after.values())} == {
        after[name] for name in names
    }


def test_undo_of_a_label_works_after_an_edit(engine: Engine, photos: Path) -> None:
    before = scanned(engine, photos)
    lily = engine.collection.classes.add("lily")
    name = next(iter(before))
    pending = PendingLabels(engine.collection)
    step = LabelStep({before[name]: lily.id}, {})
    pending.apply(step)
    rate(next(photos.rglob(name)))
    after = scanned(engine, photos)
    pending.take_back(step)
    assert labels_of(engine, after, name) == [None]


def test_an_edited_copy_and_the_file_it_was_copied_from_both_have_the_label(engine: Engine, photos: Path) -> None:
    before = scanned(engine, photos)
    lily = engine.collection.classes.add("lily")
    name = next(iter(before))
    assign(engine.collection, [before[name]], lily.id)
    shutil.copy(next(photos.rglob(name)), photos / "copy.jpg")
    scanned(engine, photos)
    rate(photos / "copy.jpg")
    after = scanned(engine, photos)
    assert after[name] != after["copy.jpg"]
    assert [entry and entry.class_id for entry in labels_of(engine, after, name, "copy.jpg")] == [lily.id] * 2


def test_a_backup_made_before_the_edit_has_the_label(engine: Engine, photos: Path) -> None:
    before = scanned(engine, photos)
    lily = engine.collection.classes.add("lily")
    name = next(iter(before))
    assign(engine.collection, [before[name]], lily.id)
    path = next(photos.rglob(name))
    old = path.read_bytes()
    rate(path)
    scanned(engine, photos)
    (photos / "backup.jpg").write_bytes(old)
    after = scanned(engine, photos)
    assert [entry and entry.class_id for entry in labels_of(engine, after, name, "backup.jpg")] == [lily.id] * 2


def test_another_picture_in_its_place_gets_no_label_and_is_listed(engine: Engine, photos: Path) -> None:
    before = scanned(engine, photos)
    lily = engine.collection.classes.add("lily")
    name = next(iter(before))
    other = next(each for each in before if each[:3] != name[:3])
    assign(engine.collection, [before[name]], lily.id)
    path = next(photos.rglob(name))
    shutil.copy(next(photos.rglob(other)), path)
    os.utime(path, (1, 1))
    after = scanned(engine, photos)
    assert labels_of(engine, after, name) == [None]
    database = engine.collection.database
    assert [(each.path, each.class_name) for each in replaced_photos(database)] == [(os.fsencode(path), "lily")]
    assert gone_labels(database) == [before[name]]
    assert engine.collection.labels.class_ids() == {}


def test_the_label_of_a_deleted_photo_teaches_nothing_until_the_photo_is_found_again(
    engine: Engine, photos: Path, tmp_path: Path
) -> None:
    before = scanned(engine, photos)
    lily = engine.collection.classes.add("lily")
    name = next(iter(before))
    assign(engine.collection, [before[name]], lily.id)
    path = next(photos.rglob(name))
    path.rename(tmp_path / "elsewhere.jpg")
    scanned(engine, photos)
    assert gone_labels(engine.collection.database) == [before[name]]
    assert engine.collection.labels.class_ids() == {}
    (tmp_path / "elsewhere.jpg").rename(photos / "found.jpg")
    scanned(engine, photos)
    assert engine.collection.labels.class_ids() == {before[name]: lily.id}


def test_a_label_whose_drive_may_be_unplugged_still_teaches(engine: Engine, photos: Path, tmp_path: Path) -> None:
    shutil.copytree(photos, tmp_path / "all" / "drive")
    before = scanned(engine, tmp_path / "all")
    lily = engine.collection.classes.add("lily")
    name = next(iter(before))
    assign(engine.collection, [before[name]], lily.id)
    shutil.rmtree(tmp_path / "all" / "drive")
    (tmp_path / "all" / "drive").mkdir()
    scanned(engine, tmp_path / "all")
    assert gone_labels(engine.collection.database) == []
    assert engine.collection.labels.class_ids() == {before[name]: lily.id}


def test_labels_of_gone_photos_can_be_forgotten_and_restored(engine: Engine, photos: Path) -> None:
    before = scanned(engine, photos)
    lily = engine.collection.classes.add("lily")
    name = next(iter(before))
    assign(engine.collection, [before[name]], lily.id)
    next(photos.rglob(name)).unlink()
    scanned(engine, photos)
    forgotten = forget_gone_labels(engine.collection)
    assert list(forgotten) == [before[name]]
    assert gone_labels(engine.collection.database) == []
    engine.collection.labels.restore(forgotten)
    assert gone_labels(engine.collection.database) == [before[name]]


def test_a_library_of_the_version_before_opens_with_its_labels(tmp_path: Path) -> None:
    file = tmp_path / "library.sqlite"
    before = Database(file, [migration for migration in MIGRATIONS if migration[0] <= 3])
    with before.transaction() as connection:
        connection.execute(
            "INSERT INTO photos (id, sha256, size_bytes, width_px, height_px) VALUES (1, x'01', 1, 1, 1)"
        )
        connection.execute("INSERT INTO places (path, photo_id, size_bytes, mtime_ns) VALUES (x'2f61', 1, 1, 1)")
        lily = ClassTable(before).add("lily")
        connection.execute("INSERT INTO labels VALUES (1, ?, 'person', '2026-05-01')", (lily.id,))
    before.close()
    now = Database(file)
    assert LabelTable(now).class_ids() == {1: lily.id}
    assert gone_labels(now) == []
    now.close()


def test_only_the_same_picture_passes_for_it_also_turned_smaller_or_compressed_again() -> None:
    picture = textured(colour=RED, seed=1)
    one = jpeg_bytes(picture)
    for turn_of in Image.Transpose:
        assert same_picture(one, jpeg_bytes(picture.transpose(turn_of)))
    assert same_picture(one, jpeg_bytes(picture.reduce(2)))
    assert not same_picture(one, jpeg_bytes(textured(colour=RED, seed=2)))
    assert not same_picture(one, jpeg_bytes(textured(colour=BLUE, seed=1)))
