"""What a damaged library is put back from: which backups are good, what they hold, where the damaged file went."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.errors import CollectionDamaged
from flowersorter.library.collection import CollectionStore
from flowersorter.library.database.backups import backups
from flowersorter.library.database.restore import known_backups, newest_sound, restore_newest, with_restore_hint
from tests.unit.library.conftest import read_of


def label_one_more(folder: Path, number: int) -> None:
    with CollectionStore.open(folder) as collection:
        photos = Path("/photos")
        found = [(photos / f"{each}.jpg", 10, 20) for each in range(number + 1)]
        place = collection.photos.sync_folder(photos, found)[number]
        [photo_id] = collection.photos.record([read_of(place.id)])
        red = collection.classes.resolve("red", ClassOrigin.PERSON)
        collection.labels.assign([photo_id], red.id, LabelOrigin.PERSON)


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A collection with four labels whose library is rubbish; the backups have three, two, one and none."""
    collection = tmp_path / "collection"
    for number in range(4):
        label_one_more(collection, number)
    with CollectionStore.open(collection) as opened:
        assert len(opened.labels.all()) == 4
    backups(collection)[0].unlink()
    (collection / "library.sqlite").write_bytes(b"rubbish" * 4000)
    return collection


def test_backups_say_when_they_were_made_and_what_they_hold(damaged: Path) -> None:
    found = known_backups(damaged)
    assert [backup.path for backup in found] == backups(damaged)
    assert [backup.labels for backup in found] == [3, 2, 1]
    assert all(datetime.now(UTC) - backup.made_at < timedelta(hours=1) for backup in found)


def test_a_damaged_backup_is_passed_over(damaged: Path) -> None:
    backups(damaged)[0].write_bytes(b"rubbish" * 4000)
    found = known_backups(damaged)
    assert [backup.labels for backup in found] == [None, 2, 1]
    assert newest_sound(found) == found[1]
    done = restore_newest(damaged)
    assert done.backup == found[1]
    with CollectionStore.open(damaged) as collection:
        assert len(collection.labels.all()) == 2


def test_the_damaged_file_is_kept_and_named(damaged: Path) -> None:
    first = restore_newest(damaged)
    assert first.kept_as is not None
    assert first.kept_as.read_bytes() == b"rubbish" * 4000
    (damaged / "library.sqlite").write_bytes(b"again" * 4000)
    second = restore_newest(damaged)
    assert second.kept_as is not None
    assert second.kept_as != first.kept_as
    assert second.kept_as.read_bytes() == b"again" * 4000


def test_a_library_that_is_gone_leaves_nothing_to_keep(damaged: Path) -> None:
    (damaged / "library.sqlite").unlink()
    assert restore_newest(damaged).kept_as is None


def test_without_a_good_backup_nothing_is_changed(damaged: Path) -> None:
    for backup in backups(damaged):
        backup.write_bytes(b"rubbish" * 4000)
    assert newest_sound(known_backups(damaged)) is None
    with pytest.raises(CollectionDamaged):
        restore_newest(damaged)
    assert (damaged / "library.sqlite").read_bytes() == b"rubbish" * 4000


def test_the_error_names_the_way_out_only_where_there_is_one(damaged: Path, tmp_path: Path) -> None:
    with pytest.raises(CollectionDamaged) as caught:
        CollectionStore.open(damaged)
    assert str(with_restore_hint(caught.value, damaged)).endswith("restore the newest sound one: flowersorter recover.")
    assert with_restore_hint(caught.value, tmp_path) is caught.value
