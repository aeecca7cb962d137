"""Keywords are written into sidecars with their photos, travel and are undone with them, and follow the class."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowersorter.domain.journal import RunState
from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.filed_photos import filed_photos
from flowersorter.library.tables.written_keywords import read_keywords
from flowersorter.photos.sidecars import SidecarFinder
from flowersorter.photos.xmp.document import read_document
from flowersorter.photos.xmp.keywords import NO_ENTRIES, Field, entries_of, named_keywords
from flowersorter.photos.xmp.read import photo_keywords
from flowersorter.photos.xmp.splice import merged
from flowersorter.sorting.execute import execute
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.keywords.plan_in_place import plan_in_place
from flowersorter.sorting.plan import Filing, Mode, SortPlan
from flowersorter.sorting.recover import recover
from flowersorter.sorting.refile import plan_refile
from flowersorter.sorting.runs.make_plan import make_plan
from flowersorter.sorting.runs.outcomes import RunResult
from flowersorter.sorting.undo import undo
from tests.unit.photos.xmp_documents import DARKTABLE, DOCUMENTS, LIGHTROOM
from tests.unit.sorting.failing_disks import Crash, WatchedDisk, failing
from tests.unit.sorting.file_trees import filing, names, remember, snapshot, take_back, write

MODES = (Mode.COPY, Mode.MOVE, Mode.LINK, Mode.SYMLINK)


def _keywords(sidecar: Path) -> tuple[str, ...]:
    return named_keywords(read_document(sidecar.read_bytes()).entries)


def _plan(
    collection: CollectionStore, photos: Mapping[Path, str], destination: Path, mode: Mode = Mode.COPY
) -> SortPlan:
    filings = [replace(filing(path, name), keywords=entries_of(name)) for path, name in photos.items()]
    index = read_keywords(collection.database)
    source = next(iter(photos)).parent
    return make_plan(filings, destination, mode, CancelToken(), source_root=source, index=index)


def _sort(
    collection: CollectionStore, photos: Mapping[Path, str], destination: Path, mode: Mode = Mode.COPY
) -> RunResult:
    return execute(_plan(collection, photos, destination, mode), collection, silent, CancelToken())


def _in_place(collection: CollectionStore, photos: Mapping[Path, str], root: Path) -> SortPlan:
    filings = [
        replace(filing(path, name), keywords=entries_of(name) if name else NO_ENTRIES) for path, name in photos.items()
    ]
    return plan_in_place(collection, filings, root, CancelToken())


def _write(collection: CollectionStore, photos: Mapping[Path, str], root: Path) -> RunResult:
    return execute(_in_place(collection, photos, root), collection, silent, CancelToken())


def _refile(collection: CollectionStore, photo: bytes, class_name: str) -> RunResult:
    sha256 = filing_hash(photo)
    [made] = plan_refile(
        collection, [(each, class_name) for each in filed_photos(collection.database, [sha256])], CancelToken()
    )
    return execute(made, collection, silent, CancelToken())


def filing_hash(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _two(tmp_path: Path) -> tuple[dict[Path, str], Path]:
    """A photo with a sidecar of Lightroom, and one without any."""
    source = tmp_path / "photos"
    write(source / "a.xmp", LIGHTROOM.encode())
    photos = {write(source / "a.jpg", b"photo a"): "Rosa/canina", write(source / "b.jpg", b"photo b", 0o444): "Tulip"}
    return photos, tmp_path / "sorted"


@pytest.mark.parametrize("mode", MODES)
def test_every_sorted_photo_has_its_class_in_a_sidecar_until_the_sort_is_undone(
    tmp_path: Path, collection: CollectionStore, mode: Mode
) -> None:
    photos, destination = _two(tmp_path)
    before = snapshot(tmp_path / "photos", destination)
    result = _sort(collection, photos, destination, mode)
    assert (result.filed, result.failed, result.sidecars, result.keywords) == (2, 0, 1, 2)
    rosa, tulip = destination / "Rosa_canina", destination / "Tulip"
    assert {path.name for path in (*rosa.iterdir(), *tulip.iterdir())} == {"a.jpg", "a.xmp", "b.jpg", "b.jpg.xmp"}
    assert _keywords(rosa / "a.xmp") == ("trip/holiday", "Rosa/canina", "Rosa & friends")
    assert _keywords(tulip / "b.jpg.xmp") == ("Tulip",)
    assert (rosa / "a.xmp").stat().st_mode & 0o777 == 0o640
    assert (tulip / "b.jpg.xmp").stat().st_mode & 0o777 == 0o644  # that of its photo, and writable
    assert (rosa / "a.xmp").stat().st_nlink == 1
    assert names(tmp_path / "photos") == (set() if mode == Mode.MOVE else {"a.jpg", "a.xmp", "b.jpg"})
    if mode != Mode.MOVE:
        assert snapshot(tmp_path / "photos") == {
            path: seen for path, seen in before.items() if destination not in (path, *path.parents)
        }
    assert not _plan(collection, photos, destination, mode).changes_disk if mode != Mode.MOVE else True
    assert take_back(collection, result.run_id).refused == ()
    assert snapshot(tmp_path / "photos", destination) == before
    assert not collection.kept_sidecars.exists()


def test_a_sidecar_that_was_sorted_with_keywords_is_not_sorted_again_nor_called_edited(
    tmp_path: Path, collection: CollectionStore
) -> None:
    photos, destination = _two(tmp_path)
    _sort(collection, photos, destination)
    filings = [filing(path, name) for path, name in photos.items()]
    index = read_keywords(collection.database)
    again = make_plan(filings, destination, Mode.COPY, CancelToken(), source_root=tmp_path / "photos", index=index)
    assert not again.changes_disk
    assert again.edited == ()
    assert again.staying == {}


def test_photos_sorted_before_get_keywords_where_they_are(tmp_path: Path, collection: CollectionStore) -> None:
    photos, destination = _two(tmp_path)
    filings = [filing(path, name) for path, name in photos.items()]
    plain = make_plan(filings, destination, Mode.COPY, CancelToken(), source_root=tmp_path / "photos")
    execute(plain, collection, silent, CancelToken())
    before = snapshot(tmp_path)
    result = _sort(collection, photos, destination)
    assert (result.filed, result.already_there, result.keywords) == (0, 2, 2)
    assert _keywords(destination / "Rosa_canina" / "a.xmp")[1] == "Rosa/canina"
    assert (collection.journal.runs()[0].photos, collection.journal.runs()[0].late_sidecars) == (0, 2)
    assert take_back(collection, result.run_id).late_sidecars == 2
    now = snapshot(tmp_path / "photos", destination)
    assert now == {path: seen for path, seen in before.items() if path in now}


def test_keywords_are_written_beside_photos_that_stay_and_follow_their_label(
    tmp_path: Path, collection: CollectionStore
) -> None:
    photos, _ = _two(tmp_path)
    root, [a, b] = tmp_path / "photos", list(photos)
    before = snapshot(root)
    first = _write(collection, photos, root)
    assert (first.filed, first.failed, first.sidecars, first.keywords) == (0, 0, 0, 2)
    assert names(root) == {"a.jpg", "a.xmp", "b.jpg", "b.jpg.xmp"}
    assert not _in_place(collection, photos, root).changes_disk
    second = _write(collection, {a: "trip", b: ""}, root)
    assert second.keywords == 2
    assert _keywords(a.with_name("a.xmp")) == ("trip/holiday", "Rosa & friends")  # "trip" is one of its levels
    assert "trip" in read_document(a.with_name("a.xmp").read_bytes()).entries[Field.SUBJECT]
    assert _keywords(b.with_name("b.jpg.xmp")) == ()
    for result in (second, first):
        assert take_back(collection, result.run_id).refused == ()
    assert snapshot(root) == before
    assert not collection.kept_sidecars.exists()


def test_an_unlabelled_photo_without_keywords_of_ours_is_left_alone(
    tmp_path: Path, collection: CollectionStore
) -> None:
    photos, _ = _two(tmp_path)
    (tmp_path / "photos" / "b.jpg.xmp").write_bytes(b"damaged")
    made = _in_place(collection, dict.fromkeys(photos, ""), tmp_path / "photos")
    assert (made.files, made.skipped, made.no_keywords) == ((), (), ())


@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE])
def test_our_keyword_follows_a_photo_to_another_class_and_a_persons_own_stays(
    tmp_path: Path, collection: CollectionStore, mode: Mode
) -> None:
    photos, destination = _two(tmp_path)
    _sort(collection, photos, destination, mode)
    rosa = destination / "Rosa_canina" / "a.xmp"
    edited = rosa.read_bytes().replace(b"<rdf:li>holiday</rdf:li>", b"<rdf:li>holiday</rdf:li><rdf:li>mine</rdf:li>")
    rosa.write_bytes(edited)
    before = snapshot(destination)
    result = _refile(collection, b"photo a", "Lily")
    assert (result.filed, result.failed, result.keywords) == (1, 0, 1)
    assert _keywords(destination / "Lily" / "a.xmp") == ("trip/holiday", "Lily", "mine", "Rosa & friends")
    assert not rosa.exists()
    again = _refile(collection, b"photo a", "Daisy")
    assert _keywords(destination / "Daisy" / "a.xmp") == ("trip/holiday", "Daisy", "mine", "Rosa & friends")
    for run in (again, result):
        assert take_back(collection, run.run_id).refused == ()
    assert snapshot(destination) == before


def test_a_photo_sorted_without_keywords_gets_none_when_its_class_changes(
    tmp_path: Path, collection: CollectionStore
) -> None:
    photos, destination = _two(tmp_path)
    filings = [filing(path, name) for path, name in photos.items()]
    plain = make_plan(filings, destination, Mode.COPY, CancelToken(), source_root=tmp_path / "photos")
    execute(plain, collection, silent, CancelToken())
    _write(collection, {write(tmp_path / "c.jpg", b"another"): "Rose"}, tmp_path)
    result = _refile(collection, b"photo a", "Lily")
    assert result.keywords == 0
    assert (destination / "Lily" / "a.xmp").read_bytes() == LIGHTROOM.encode()


def test_undo_keeps_a_photo_whose_sidecar_was_edited_since(tmp_path: Path, collection: CollectionStore) -> None:
    photos, destination = _two(tmp_path)
    result = _sort(collection, photos, destination, Mode.MOVE)
    sidecar = destination / "Rosa_canina" / "a.xmp"
    sidecar.write_bytes(sidecar.read_bytes() + b"\n")
    undone = take_back(collection, result.run_id)
    [refused] = undone.refused
    assert refused.path == destination / "Rosa_canina" / "a.jpg"
    assert refused.reason == "a.xmp: it has changed since it was sorted"
    assert list(undone.edited.values()) == [refused.path]
    assert names(tmp_path / "photos") == {"b.jpg"}
    assert list(collection.kept_sidecars.rglob("*.before.xmp"))


@pytest.mark.parametrize("taken", [(), ("a.xmp",), ("a.xmp", "a.edited.xmp", "a.before.xmp")])
def test_a_moved_photo_goes_back_with_its_edited_sidecar_if_asked_to(
    tmp_path: Path, collection: CollectionStore, taken: tuple[str, ...]
) -> None:
    photos, destination = _two(tmp_path)
    result = _sort(collection, photos, destination, Mode.MOVE)
    sidecar, new = destination / "Rosa_canina" / "a.xmp", destination / "Tulip" / "b.jpg.xmp"
    edits = {path: path.read_bytes() + b"\n<!-- mine -->" for path in (sidecar, new)}
    for path, data in edits.items():
        path.write_bytes(data)
    source = tmp_path / "photos"
    others = {name: write(source / name, b"other " + name.encode()).read_bytes() for name in taken}
    assert result.run_id is not None
    undone = undo(collection, result.run_id, silent, CancelToken(), take_changed=True)
    assert (undone.undone, undone.refused) == (2, ())
    edited = {(): "a.xmp", ("a.xmp",): "a.edited.xmp"}.get(taken, "a.edited2.xmp")
    before = "a.before2.xmp" if len(taken) > 1 else "a.before.xmp"
    assert names(source) == {"a.jpg", edited, before, "b.jpg", "b.jpg.xmp", *taken}
    assert (source / edited).read_bytes() == edits[sidecar]
    assert (source / "b.jpg.xmp").read_bytes() == edits[new]
    assert (source / before).read_bytes() == LIGHTROOM.encode()
    assert {name: (source / name).read_bytes() for name in taken} == others
    assert {edited, before} <= set(SidecarFinder().names_of(str(source / "a.jpg")))
    assert not destination.exists()
    assert not collection.kept_sidecars.exists()


def test_an_edited_sidecar_with_keywords_beside_a_copy_stays(tmp_path: Path, collection: CollectionStore) -> None:
    photos, destination = _two(tmp_path)
    result = _sort(collection, photos, destination, Mode.COPY)
    sidecar = destination / "Rosa_canina" / "a.xmp"
    sidecar.write_bytes(sidecar.read_bytes() + b"\n")
    assert result.run_id is not None
    undone = undo(collection, result.run_id, silent, CancelToken(), take_changed=True)
    assert [skipped.reason for skipped in undone.refused] == [
        "a.xmp: it has changed since it was sorted, so the copy was kept"
    ]
    assert names(destination) == {"Rosa_canina/a.jpg", "Rosa_canina/a.xmp"}


def test_a_sidecar_with_keywords_that_was_only_renamed_is_undone_as_before(
    tmp_path: Path, collection: CollectionStore
) -> None:
    photos, destination = _two(tmp_path)
    before = snapshot(tmp_path / "photos")
    result = _sort(collection, photos, destination, Mode.MOVE)
    (destination / "Tulip").rename(destination / "Tulips")
    assert result.run_id is not None
    undone = undo(collection, result.run_id, silent, CancelToken(), take_changed=True)
    assert undone.refused == ()
    assert snapshot(tmp_path / "photos") == before


def test_undo_brings_the_old_sidecar_back_where_the_person_deleted_the_new_one(
    tmp_path: Path, collection: CollectionStore
) -> None:
    photos, _ = _two(tmp_path)
    root = tmp_path / "photos"
    before = snapshot(root)
    result = _write(collection, photos, root)
    (root / "a.xmp").unlink()
    assert take_back(collection, result.run_id).refused == ()
    assert snapshot(root) == before


def _read_only(path: Path) -> None:
    write(path, LIGHTROOM.encode(), 0o444)


def _malformed(path: Path) -> None:
    write(path, LIGHTROOM.encode()[:-30])


def _large(path: Path) -> None:
    write(path, b"<x>")
    os.truncate(path, 50 << 20)


def _folder(path: Path) -> None:
    path.mkdir(parents=True)


def _pointer(path: Path) -> None:
    path.symlink_to(write(path.with_name("elsewhere"), LIGHTROOM.encode()))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (_read_only, "it is read-only"),
        (_malformed, "it is damaged or not XMP"),
        (_large, "it is larger than 16 MB, which no sidecar of a photo is"),
        (_folder, "it is not an ordinary file"),
        (_pointer, "it is not an ordinary file"),
    ],
)
@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE])
def test_a_bad_sidecar_is_named_and_its_photo_is_sorted_all_the_same(
    tmp_path: Path, collection: CollectionStore, make: Callable[[Path], None], why: str, mode: Mode
) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photo = write(source / "a.jpg", b"photo")
    make(source / "a.jpg.xmp")
    before = snapshot(source)
    in_place = _in_place(collection, {photo: "Rose"}, source)
    made = _plan(collection, {photo: "Rose"}, destination, mode)
    for each in (in_place, made):
        assert [(skipped.path, skipped.reason) for skipped in each.no_keywords] == [(source / "a.jpg.xmp", why)]
    assert not in_place.changes_disk
    result = execute(made, collection, silent, CancelToken())
    assert (result.filed, result.failed, result.keywords) == (1, 0, 0)
    sidecar = destination / "Rose" / "a.jpg.xmp"
    if make in {_folder, _pointer}:
        assert not os.path.lexists(sidecar)
    else:
        was = before[source / "a.jpg.xmp"]
        assert (sidecar.read_bytes(), sidecar.stat().st_mode & 0o777) == (was.content, was.mode)
    assert take_back(collection, result.run_id).refused == ()
    assert snapshot(source) == before


def test_each_program_finds_the_keywords_in_its_own_sidecar(tmp_path: Path, collection: CollectionStore) -> None:
    root = tmp_path / "photos"
    for name in ("a.jpg", "a.CR2", "b.CR2", "c.CR2"):
        write(root / name, name.encode())
    for name in ("a.jpg.xmp", "a.xmp", "a.CR2.xmp", "a_01.jpg.xmp", "b.xmp"):
        write(root / name, DARKTABLE.encode())
    _write(collection, {root / "a.jpg": "Rose", root / "b.CR2": "Tulip", root / "c.CR2": "Lily"}, root)
    for name in ("a.jpg.xmp", "a.xmp", "a.CR2.xmp"):
        assert _keywords(root / name) == ("Rose",)
    assert (root / "a_01.jpg.xmp").read_bytes() == DARKTABLE.encode()  # another edit of the photo
    assert _keywords(root / "b.xmp") == ("Tulip",)
    assert _keywords(root / "c.CR2.xmp") == ("Lily",)
    assert len(names(root)) == 10


@pytest.mark.parametrize("names_there", [("a.CR2.xmp",), ("a.xmp",), ("A.cr2.XMP",), ("a.xmp", "a.CR2.xmp"), ()])
def test_a_raw_alone_keeps_the_sidecars_it_has_and_gets_no_second_one(
    tmp_path: Path, collection: CollectionStore, names_there: tuple[str, ...]
) -> None:
    root = tmp_path / "photos"
    raw = write(root / "a.CR2", b"a raw")
    for name in names_there:
        write(root / name, LIGHTROOM.encode())
    _write(collection, {raw: "Rose"}, root)
    wanted = set(names_there) or {"a.CR2.xmp"}
    assert names(root) == {"a.CR2", *wanted}
    for name in wanted:
        assert "Rose" in _keywords(root / name)
    entries, problems = photo_keywords(raw, SidecarFinder().of(raw))
    assert ("Rose" in named_keywords(entries), problems) == (True, ())
    moved = _sort(collection, {raw: "Tulip"}, tmp_path / "sorted", Mode.MOVE)
    assert names(root) == set()
    assert names(tmp_path / "sorted") == {f"Tulip/{name}" for name in ("a.CR2", *wanted)}
    assert all("Rose" not in _keywords(tmp_path / "sorted" / "Tulip" / name) for name in wanted)
    assert take_back(collection, moved.run_id).refused == ()
    assert names(root) == {"a.CR2", *wanted}


def test_a_sidecar_that_changes_while_the_sort_runs_is_not_replaced(
    tmp_path: Path, collection: CollectionStore
) -> None:
    photos, destination = _two(tmp_path)
    made = _plan(collection, photos, destination, Mode.MOVE)
    edited = LIGHTROOM.replace("+0.35", "+0.75").encode()

    def edit(name: str, call: Callable[[], Any]) -> Any:
        if name == "link_new" and (tmp_path / "photos" / "a.xmp").read_bytes() == LIGHTROOM.encode():
            write(tmp_path / "photos" / "a.xmp", edited)
        return call()

    result = execute(made, collection, silent, CancelToken(), WatchedDisk(edit))
    assert result.files[0].error == "a.xmp: it has changed since it was read"
    assert (tmp_path / "photos" / "a.xmp").read_bytes() == edited
    assert names(tmp_path / "photos") == {"a.jpg", "a.xmp"}
    assert names(destination) == {"Tulip/b.jpg", "Tulip/b.jpg.xmp"}
    assert not list(collection.kept_sidecars.rglob("1.*"))


def test_a_sidecar_that_breaks_between_plan_and_sort_travels_as_it_is(
    tmp_path: Path, collection: CollectionStore
) -> None:
    photos, destination = _two(tmp_path)
    made = _plan(collection, photos, destination)
    write(tmp_path / "photos" / "a.xmp", b"broken")
    result = execute(made, collection, silent, CancelToken())
    assert (result.failed, result.keywords, result.sidecars) == (0, 1, 1)
    assert result.files[0].error == "no keywords in a.xmp: it is damaged or not XMP"
    assert (destination / "Rosa_canina" / "a.xmp").read_bytes() == b"broken"


def test_photos_are_sorted_without_keywords_where_the_collection_has_no_space(
    tmp_path: Path, collection: CollectionStore
) -> None:
    photos, destination = _two(tmp_path)
    made = _plan(collection, photos, destination)
    disk = failing("write", 0, errno.ENOSPC, times=2)
    result = execute(made, collection, silent, CancelToken(), disk)
    assert (result.filed, result.failed, result.keywords) == (2, 0, 0)
    assert [file.error for file in result.files] == [
        "no keywords in a.xmp: the disk is full",
        "no keywords in b.jpg.xmp: the disk is full",
    ]
    assert (destination / "Rosa_canina" / "a.xmp").read_bytes() == LIGHTROOM.encode()
    recover(collection)
    assert not collection.kept_sidecars.exists()


def test_stopping_before_the_first_photo_leaves_nothing(tmp_path: Path, collection: CollectionStore) -> None:
    photos, destination = _two(tmp_path)
    cancel = CancelToken()

    def stop(name: str, call: Callable[[], Any]) -> Any:
        if name == "open_exclusive":
            cancel.cancel()
        return call()

    with pytest.raises(Cancelled):
        execute(_plan(collection, photos, destination), collection, silent, cancel, WatchedDisk(stop))
    assert collection.journal.runs() == []
    assert not collection.kept_sidecars.exists()


def test_a_crash_before_the_journal_knows_a_sort_leaves_nothing_behind(
    tmp_path: Path, collection: CollectionStore
) -> None:
    photos, destination = _two(tmp_path)

    def crash(name: str, call: Callable[[], Any]) -> Any:
        if name == "set_attributes":
            raise Crash
        return call()

    with pytest.raises(Crash):
        execute(_plan(collection, photos, destination), collection, silent, CancelToken(), WatchedDisk(crash))
    assert list(collection.kept_sidecars.rglob("*.merged.xmp"))
    recover(collection)
    assert not collection.kept_sidecars.exists()


def test_a_sort_is_undone_after_the_collection_was_moved(tmp_path: Path) -> None:
    photos, destination = _two(tmp_path)
    before = snapshot(tmp_path / "photos")
    with CollectionStore.open(tmp_path / "collection") as collection:
        run_id = _sort(collection, photos, destination, Mode.MOVE).run_id
    (tmp_path / "collection").rename(tmp_path / "elsewhere")
    with CollectionStore.open(tmp_path / "elsewhere") as collection:
        assert recover(collection).problems == ()
        assert take_back(collection, run_id).refused == ()
        assert collection.journal.runs()[0].state == RunState.UNDONE
    assert snapshot(tmp_path / "photos") == before


def test_a_photo_whose_sidecar_no_disk_can_name_is_sorted_without(tmp_path: Path, collection: CollectionStore) -> None:
    photo = write(tmp_path / "photos" / ("x" * 250 + ".jpg"), b"photo")
    for made in (
        _in_place(collection, {photo: "Rose"}, photo.parent),
        _plan(collection, {photo: "Rose"}, tmp_path / "s"),
    ):
        assert [skipped.reason for skipped in made.no_keywords] == ["its name is too long for this disk"]
    assert _sort(collection, {photo: "Rose"}, tmp_path / "s").filed == 1


def test_with_keywords_off_only_sidecars_with_ours_are_looked_at(tmp_path: Path, collection: CollectionStore) -> None:
    photos, destination = _two(tmp_path)
    root, [a, b] = tmp_path / "photos", list(photos)
    _write(collection, {a: "Rose"}, root)
    (root / "b.jpg.xmp").write_bytes(b"broken")
    (root / "a.xmp").rename(root / "moved.xmp")
    a.rename(root / "moved.jpg")
    filings = [replace(filing(path, "Lily"), keywords=entries_of("Lily")) for path in (root / "moved.jpg", b)]
    made = make_plan(
        filings,
        destination,
        Mode.COPY,
        CancelToken(),
        source_root=root,
        index=read_keywords(collection.database),
        only_our_keywords=True,
    )
    assert made.no_keywords == ()
    assert execute(made, collection, silent, CancelToken()).keywords == 1
    assert _keywords(destination / "Lily" / "moved.xmp") == ("trip/holiday", "Lily", "Rosa & friends")
    assert (destination / "Lily" / "b.jpg.xmp").read_bytes() == b"broken"


class _Taken(FileSystem):
    """A disk on which another program puts a sidecar at its place as soon as the old one is moved away."""

    def rename_new(self, source: Path, target: Path) -> None:
        if target.name == "a.xmp" and not target.exists():
            write(target, b"another program's")
        super().rename_new(source, target)


def test_an_old_sidecar_whose_place_is_taken_can_be_brought_back_later(
    tmp_path: Path, collection: CollectionStore
) -> None:
    photos, _ = _two(tmp_path)
    root = tmp_path / "photos"
    made = _in_place(collection, photos, root)
    result = execute(made, collection, silent, CancelToken(), _Taken())
    assert (root / "a.xmp").read_bytes() == b"another program's"
    assert "will be repaired" in (result.files[0].error or "")
    recover(collection)
    run = collection.journal.runs()[0]
    assert run.has_something_to_undo
    (root / "a.xmp").unlink()
    assert take_back(collection, run.id).refused == ()
    assert (root / "a.xmp").read_bytes() == LIGHTROOM.encode()


stems = st.sampled_from(["a", "A", "IMG_1", "caf\u00e9", "cafe\u0301", "n\nl", "x" * 240, os.fsdecode(b"\xff")])
sidecars = st.sampled_from(["", ".xmp", ".jpg.xmp", ".JPG.xmp", ".CR2.xmp", "_01.jpg.xmp"])
bodies = st.sampled_from(
    [*(document.encode() for document in DOCUMENTS.values()), b"broken", LIGHTROOM.encode("utf-16")]
)
classes = st.sampled_from(["Rose", "rose", "Tulip", "Rosa/canina", "a|b", "<&>", "CON", "caf\u00e9"])
photo = st.tuples(
    stems, st.sampled_from([".jpg", ".JPG", ".CR2"]), sidecars, bodies, classes, st.sampled_from([0o644, 0o444])
)


@settings(max_examples=40, derandomize=True)
@given(
    photos=st.lists(photo, max_size=6),
    acts=st.lists(
        st.tuples(st.sampled_from(["sort", "in place", "refile"]), st.sampled_from(MODES), classes), max_size=5
    ),
)
def test_any_order_of_writing_sorting_and_correcting_is_undone(
    photos: list[tuple[str, str, str, bytes, str, int]], acts: list[tuple[str, Mode, str]]
) -> None:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        root = Path(name)
        source, destination = root / "photos", root / "sorted"
        source.mkdir()
        by_path: dict[Path, str] = {}
        for number, (stem, suffix, sidecar, body, class_name, permissions) in enumerate(photos):
            by_path[write(source / (stem + suffix), b"photo %d" % number, permissions)] = class_name
            if sidecar:
                write(source / (stem + sidecar), body, permissions)
        before = snapshot(source, destination)
        own = {seen.content for seen in before.values() if seen.kind == "file"}
        with CollectionStore.open(root / "collection") as collection:
            remember(collection, source, list(by_path))
            for act, mode, class_name in acts:
                here = {path: each for path, each in by_path.items() if path.exists()}
                if act == "sort" and here:
                    _sort(collection, here, destination, mode)
                elif act == "in place" and here:
                    _write(collection, dict.fromkeys(here, class_name), source)
                elif act == "refile":
                    hashes = [filing_hash(b"photo %d" % number) for number in range(len(photos))]
                    filed = [(each, class_name) for each in filed_photos(collection.database, hashes)]
                    for made in plan_refile(collection, filed, CancelToken()):
                        execute(made, collection, silent, CancelToken())
                there = snapshot(source, destination, collection.kept_sidecars).values()
                assert own <= {seen.content for seen in there}, "bytes of the person's were lost"
            for run in collection.journal.runs():
                assert take_back(collection, run.id).refused == ()
            assert not collection.kept_sidecars.exists()
        assert snapshot(source, destination) == before


class _Broken(FileSystem):
    """A disk that cannot look at XMP files, or not list a folder."""

    def __init__(self, *calls: str) -> None:
        self._calls = calls

    def stat(self, path: Path) -> os.stat_result:
        if "stat" in self._calls and path.suffix == ".xmp":
            raise OSError(errno.EIO, "not here")
        return super().stat(path)

    def list(self, folder: Path) -> list[str]:
        if "list" in self._calls:
            raise OSError(errno.EACCES, "not here")
        return super().list(folder)

    def read(self, path: Path, most_bytes: int) -> bytes:
        if "read" in self._calls:
            raise OSError(errno.EIO, "not here")
        return super().read(path, most_bytes)


def _filings(photos: Mapping[Path, str]) -> list[Filing]:
    return [replace(filing(path, name), keywords=entries_of(name)) for path, name in photos.items()]


@pytest.mark.parametrize(
    ("calls", "why"),
    [
        (("read",), ["the disk reports a read or write error"]),
        (("stat",), ["the disk reports a read or write error"] * 2),
        (("list",), ["it is not an ordinary file"]),  # whatever has the name there
    ],
)
def test_a_disk_that_fails_leaves_sidecars_alone(
    tmp_path: Path, collection: CollectionStore, calls: tuple[str, ...], why: list[str]
) -> None:
    root = tmp_path / "photos"
    write(root / "a.jpg.xmp", LIGHTROOM.encode())
    photos = {write(root / name, name.encode()): "Rose" for name in ("a.jpg", "b.jpg")}
    made = plan_in_place(collection, _filings(photos), root, CancelToken(), _Broken(*calls))
    assert [skipped.reason for skipped in made.no_keywords] == why
    assert root / "a.jpg.xmp" not in {each.destination for each in made.keywords}


def test_photos_that_are_not_as_they_were_read_get_no_keywords(tmp_path: Path, collection: CollectionStore) -> None:
    root = tmp_path / "photos"
    photos = {
        write(root / f"{name}.jpg", name.encode()): "Rose" for name in ("gone", "longer", "other", "touched", "x")
    }
    filings = _filings(photos)
    gone, longer, other, touched, folder = photos
    gone.unlink()
    longer.write_bytes(b"longer than before")
    other.write_bytes(b"OTHER")
    os.utime(touched, ns=(1, 1))
    folder.unlink()
    folder.mkdir()

    class Unreadable(FileSystem):
        def hash(self, path: Path, between: Callable[[], object] = lambda: None) -> bytes:
            if path == touched:
                raise OSError(errno.EIO, "not here")
            return super().hash(path, between)

    made = plan_in_place(collection, filings, root, CancelToken())
    assert {skipped.path.stem: skipped.reason for skipped in made.skipped} == {
        "gone": "it is not there any more",
        "longer": "it has changed since it was read",
        "other": "it has changed since it was read",
        "x": "it is not an ordinary file",
    }
    assert [file.filing.source for file in made.files] == [touched]
    made = plan_in_place(collection, filings, root, CancelToken(), Unreadable())
    assert made.skipped[-2].reason == "the disk reports a read or write error"


def test_a_sidecar_whose_name_another_photo_takes_is_not_made(tmp_path: Path, collection: CollectionStore) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    there = write(source / "a.jpg", b"photo a")
    execute(
        make_plan([filing(there, "Rose")], destination, Mode.COPY, CancelToken(), source_root=source),
        collection,
        silent,
        CancelToken(),
    )
    other = write(source / "deep" / "a.jpg.png", b"another")
    write(source / "deep" / "a.jpg.xmp", LIGHTROOM.encode())
    made = make_plan(
        _filings({other: "Rose", there: "Rose"}), destination, Mode.COPY, CancelToken(), source_root=source
    )
    assert [(skipped.path.name, skipped.reason) for skipped in made.no_keywords] == [
        ("a.jpg.xmp", "another file with that name has appeared")
    ]


def test_a_sidecar_that_got_the_keywords_meanwhile_or_is_no_file_any_more_travels_as_it_is(
    tmp_path: Path, collection: CollectionStore
) -> None:
    photos, destination = _two(tmp_path)
    sidecar = tmp_path / "photos" / "a.xmp"
    made = _plan(collection, photos, destination)
    sidecar.write_bytes(merged(LIGHTROOM.encode(), entries_of("Rosa/canina")).data)
    result = execute(made, collection, silent, CancelToken())
    assert (result.filed, result.sidecars, result.keywords) == (2, 1, 1)
    assert _keywords(destination / "Rosa_canina" / "a.xmp")[1] == "Rosa/canina"
    take_back(collection, result.run_id)
    made = _plan(collection, {next(iter(photos)): "Tulip"}, destination)
    sidecar.unlink()
    sidecar.mkdir()
    result = execute(made, collection, silent, CancelToken())
    assert (
        result.files[0].error == "a.xmp: it is not an ordinary file; no keywords in a.xmp: it is not an ordinary file"
    )


@pytest.mark.parametrize("nth", [0, 1, 2])
def test_keywords_that_may_not_outlast_a_power_cut_are_not_used(
    tmp_path: Path, collection: CollectionStore, nth: int
) -> None:
    photos, destination = _two(tmp_path)
    disk = failing("sync_folder", nth, errno.EIO, times=2 if nth < 2 else 1)
    result = execute(_plan(collection, photos, destination), collection, silent, CancelToken(), disk)
    assert (result.filed, result.failed, result.sidecars, result.keywords) == (2, 0, 1, 0)
    assert [file.error for file in result.files] == [
        "no keywords in a.xmp: the disk reports a read or write error",
        "no keywords in b.jpg.xmp: the disk reports a read or write error",
    ]
