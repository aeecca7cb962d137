"""A sort that goes on days later: what changed meanwhile decides, not its plan."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from flowersorter.domain.journal import EntryState, RunState
from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_answers import Mark, PhotoAnswers
from flowersorter.errors import Cancelled, SortRefused
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.class_names import ASIDE
from flowersorter.library.tables.filed_photos import filed_photos
from flowersorter.messages import Text, text
from flowersorter.sorting.execute import execute
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Action, Mode, SortPlan
from flowersorter.sorting.refile import plan_refile
from flowersorter.sorting.runs import answers_since, recheck
from flowersorter.sorting.runs.answers_since import Suggested
from flowersorter.sorting.runs.make_plan import make_plan
from flowersorter.sorting.runs.outcomes import RunResult
from flowersorter.sorting.runs.resume import resume
from flowersorter.workflows.filing.resume import waiting_sentence
from tests.drawing import film_bytes
from tests.unit.sorting.failing_disks import WatchedDisk, failing, unlistable
from tests.unit.sorting.file_trees import filing, go_on, names, plan, remember, snapshot, sort, take_back, write


@pytest.fixture
def photos(source: Path) -> list[Path]:
    return [write(source / f"{number}.jpg", b"photo %d" % number) for number in range(4)]


def stop(collection: CollectionStore, planned: SortPlan, done: int = 1) -> int:
    """Sort, and press Cancel after so many photos; return the run."""
    cancel = CancelToken()

    def press(news: object) -> None:
        if isinstance(news, Progress) and news.done == done:
            cancel.cancel()

    with pytest.raises(Cancelled):
        execute(planned, collection, press, cancel)
    return collection.journal.runs()[0].id


def roses(photos: list[Path]) -> dict[Path, str]:
    return dict.fromkeys(photos, "Rose")


def reasons(result: RunResult) -> dict[str, str | None]:
    return {file.source.name: file.error for file in result.files}


def with_duplicates(photos: list[Path], source: Path, destination: Path) -> SortPlan:
    filings = [filing(path, "Rose") for path in photos]
    return make_plan(filings, destination, Mode.MOVE, CancelToken(), source_root=source, move_duplicates=True)


@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE])
def test_photos_that_another_sort_filed_in_another_class_stay(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path, mode: Mode
) -> None:
    run_id = stop(collection, plan(roses(photos), destination, mode, source))
    sort(collection, dict.fromkeys(photos[1:], "Tulip"), destination, Mode.COPY, source=source)
    before = snapshot(source, destination)
    result = go_on(collection, run_id)
    assert reasons(result) == dict.fromkeys(("1.jpg", "2.jpg", "3.jpg"), "it is sorted into “Tulip” there already")
    assert snapshot(source, destination) == before
    assert collection.journal.run(run_id).state == RunState.DONE


@pytest.mark.parametrize("mode", list(Mode))
def test_photos_that_are_in_their_class_folder_by_now_are_not_doubled(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path, mode: Mode
) -> None:
    write(source / "1.xmp", b"edits of 1")
    run_id = stop(collection, plan(roses(photos), destination, mode, source))
    sort(collection, roses([photos[1]]), destination, Mode.LINK if mode.is_link else Mode.COPY, source=source)
    shutil.copy2(photos[2], destination / "Rose" / "by hand.jpg")
    (destination / "Rose" / "1.jpg").rename(destination / "Rose" / "renamed.jpg")
    before = snapshot(source, destination)
    result = go_on(collection, run_id)
    assert (result.filed, result.already_there, result.failed) == (1, 2, 0)
    there = {file.source.name: file.destination for file in result.files if file.action == Action.ALREADY_THERE}
    assert there == {"1.jpg": destination / "Rose" / "renamed.jpg", "2.jpg": destination / "Rose" / "by hand.jpg"}
    after = snapshot(source, destination)
    assert {path for path in after if path not in before} == {destination / "Rose" / "3.jpg"}
    assert take_back(collection, run_id).refused == ()


def test_a_pointer_that_another_sort_made_is_not_doubled(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path
) -> None:
    run_id = stop(collection, plan(roses(photos), destination, Mode.SYMLINK, source))
    sort(collection, roses(photos[1:]), destination, Mode.SYMLINK, source=source)
    result = go_on(collection, run_id)
    assert (result.filed, result.already_there) == (0, 3)


def test_photos_that_another_sort_filed_are_found_where_the_person_put_them(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path
) -> None:
    run_id = stop(collection, plan(roses(photos), destination, Mode.COPY, source))
    sort(collection, roses(photos[1:3]), destination, Mode.COPY, source=source)
    (destination / "Own").mkdir()
    (destination / "Rose" / "1.jpg").rename(destination / "Own" / "1.jpg")
    (destination / "Duplicates").mkdir()
    (destination / "Rose" / "2.jpg").rename(destination / "Duplicates" / "2.jpg")
    result = go_on(collection, run_id)
    assert [file.destination for file in result.files if file.action == Action.ALREADY_THERE] == [
        destination / "Own" / "1.jpg"
    ]
    # People empty the folder of duplicates: what is there does not count.
    assert {"Rose/2.jpg", "Rose/3.jpg"} <= names(destination)


@pytest.mark.parametrize("change", ["label", "rename", "merge", "delete"])
def test_photos_whose_class_changed_stay(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path, change: str
) -> None:
    rose, tulip = (collection.classes.add(name) for name in ("Rose", "Tulip"))
    remember(collection, source, photos)
    known = collection.photos.by_sha256(filing(photos[1], "Rose").sha256)
    assert known is not None
    run_id = stop(collection, plan(roses(photos[:2]), destination, Mode.MOVE, source))
    if change == "label":
        collection.labels.assign([known.id], tulip.id, LabelOrigin.PERSON)
        why = "its label is “Tulip” now; sort the folder again"
    elif change == "rename":
        collection.classes.rename(rose.id, "Rosa")
        why = "its class is called “Rosa” now; sort the folder again"
    elif change == "merge":
        collection.classes.merge(rose.id, tulip.id)
        why = "its class is called “Tulip” now; sort the folder again"
    else:
        collection.classes.delete(rose.id)
        why = "the class “Rose” does not exist any more; sort the folder again"
    result = go_on(collection, run_id)
    assert reasons(result) == {"1.jpg": why}
    assert names(destination) == {"Rose/0.jpg"}
    assert photos[1].exists()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (PhotoAnswers(mark=Mark.NOT_MINE), "you said that it shows none of your classes"),
        (PhotoAnswers(mark=Mark.DONT_KNOW), "you said that you don't know its class; sort the folder again"),
        (PhotoAnswers(frozenset({1})), "you said that it does not show “Rose”; sort the folder again"),
        (PhotoAnswers(frozenset({2})), None),
        (None, "its label “Rose” was removed; sort the folder again"),
    ],
)
@pytest.mark.parametrize("mode", list(Mode))
def test_photos_stay_of_which_the_person_said_that_they_do_not_belong(
    collection: CollectionStore,
    photos: list[Path],
    source: Path,
    destination: Path,
    mode: Mode,
    said: PhotoAnswers | None,
    why: str | None,
) -> None:
    rose = collection.classes.add("Rose")
    assert (rose.id, collection.classes.add("Tulip").id) == (1, 2)
    remember(collection, source, photos)
    known = collection.photos.by_sha256(filing(photos[1], "Rose").sha256)
    assert known is not None
    if said is None:
        collection.labels.assign([known.id], rose.id, LabelOrigin.PERSON)
    run_id = stop(collection, plan(roses(photos), destination, mode, source))
    if said is None:
        collection.labels.clear([known.id])
    else:
        collection.answers.put({known.id: said})
    result = go_on(collection, run_id)
    assert reasons(result) == {"1.jpg": why, "2.jpg": None, "3.jpg": None}
    assert names(destination) == {f"Rose/{number}.jpg" for number in range(4) if number != 1 or not why}
    assert photos[1].exists() or not why


@pytest.mark.parametrize("mode", list(Mode))
def test_photos_without_a_label_stay_where_their_suggestion_is_another_class_by_now(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path, mode: Mode
) -> None:
    photos = [*photos, *(write(source / f"{number}.jpg", b"photo %d" % number) for number in range(4, 8))]
    rose = collection.classes.add("Rose")
    collection.classes.add("Tulip")
    remember(collection, source, photos)
    hashes = [filing(path, "").sha256 for path in photos]
    known = [collection.photos.known([sha256])[sha256] for sha256 in hashes]
    collection.labels.assign(known[5:6], rose.id, LabelOrigin.PERSON)
    run_id = stop(collection, plan(roses(photos[:-1]) | {photos[-1]: ASIDE}, destination, mode, source))
    collection.labels.assign(known[4:5], rose.id, LabelOrigin.PERSON)
    now = dict(zip(hashes, ["Tulip", "Rose", "Tulip", "", "Tulip", "Tulip"], strict=False)) | {hashes[7]: "Tulip"}
    asked: list[bytes] = []

    def suggestions(hashes: Sequence[bytes]) -> Mapping[bytes, Suggested]:
        asked.extend(hashes)
        return {sha256: Suggested(now[sha256]) for sha256 in hashes if sha256 in now}

    result = resume(collection, run_id, silent, CancelToken(), suggestions=suggestions)
    assert reasons(result) == {
        **dict.fromkeys(("1.jpg", "4.jpg", "5.jpg", "6.jpg", "7.jpg")),
        "2.jpg": "its suggestion is “Tulip” now; sort the folder again",
        "3.jpg": "it looks like none of the classes now; sort the folder again",
    }
    assert sorted(asked) == sorted([*hashes[1:4], hashes[6]])
    assert (result.filed, result.failed, collection.journal.run(run_id).failed) == (5, 2, 2)
    assert photos[2].exists()
    assert photos[3].exists()
    assert not {"Rose/2.jpg", "Rose/3.jpg"} & names(destination)


def test_photos_stay_that_were_left_out_or_are_suggested_less_surely(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path
) -> None:
    rose = collection.classes.add("Rose")
    remember(collection, source, photos)
    run_id = stop(collection, plan(roses(photos), destination, Mode.MOVE, source))
    hashes = [filing(path, "").sha256 for path in photos[1:]]
    [left_out] = collection.photos.known(hashes[:1]).values()
    doubt = text("the suggestion is not sure")

    def suggestions(asked: Sequence[bytes]) -> Mapping[bytes, Suggested]:
        assert sorted(asked) == sorted(hashes)
        return dict(zip(hashes, [Suggested("Rose"), Suggested("Rose", doubt), Suggested(None, doubt)], strict=True))

    left = {left_out: rose.id, 10_000: rose.id}
    result = resume(collection, run_id, silent, CancelToken(), suggestions=suggestions, left_out=left)
    assert reasons(result) == {
        "1.jpg": "you left it out when you confirmed the others",
        "2.jpg": "the suggestion is not sure",
        "3.jpg": "the suggestion is not sure",
    }
    assert names(destination) == {"Rose/0.jpg"}


def test_a_reason_to_leave_a_photo_is_worded_alone(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, tulip = (collection.classes.add(name) for name in ("Rose", "Tulip"))
    remember(collection, source, photos)
    run_id = stop(collection, plan(roses(photos), destination, Mode.COPY, source))
    [photo_id] = collection.photos.known([filing(photos[1], "").sha256]).values()
    collection.labels.assign([photo_id], tulip.id, LabelOrigin.PERSON)
    worded: list[str] = []

    def word(template: str, /, **values: object) -> Text:
        worded.append(template)
        return text(template, **values)

    monkeypatch.setattr(answers_since, "text", word)
    assert go_on(collection, run_id).failed == 1
    assert worded == ["its label is “{name}” now; sort the folder again"]


def test_photos_are_put_aside_but_for_those_that_are_none_of_the_persons(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path
) -> None:
    remember(collection, source, photos)
    known = [collection.photos.by_sha256(filing(path, "").sha256) for path in photos]
    run_id = stop(collection, plan(dict.fromkeys(photos, ASIDE), destination, Mode.MOVE, source))
    for photo, mark in ((known[1], Mark.NOT_MINE), (known[2], Mark.DONT_KNOW)):
        assert photo is not None
        collection.answers.put({photo.id: PhotoAnswers(mark=mark)})
    result = go_on(collection, run_id)
    assert reasons(result) == {
        "1.jpg": "you said that it shows none of your classes",
        "2.jpg": None,
        "3.jpg": None,
    }


@pytest.mark.parametrize("name", ["1.xmp", "1.jpg.xmp", "1.CR2", "1.mov"])
@pytest.mark.parametrize("mode", list(Mode))
def test_a_photo_waits_for_the_sidecar_that_appeared_beside_it(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path, mode: Mode, name: str
) -> None:
    write(source / "2.xmp", b"edits of 2")
    run_id = stop(collection, plan(roses(photos), destination, mode, source))
    new = write(source / name, b"new")
    result = go_on(collection, run_id)
    assert reasons(result) == {
        "1.jpg": f"{name} has appeared beside it; sort the folder again",
        **dict.fromkeys(("2.jpg", "3.jpg")),
    }
    assert photos[1].exists()
    assert new.exists()
    assert names(destination) == {"Rose/0.jpg", "Rose/2.jpg", "Rose/2.xmp", "Rose/3.jpg"}
    assert collection.journal.run(run_id).failed == 1


def test_files_that_the_plan_leaves_behind_do_not_keep_a_photo(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path
) -> None:
    remember(collection, source, photos)
    with collection.database.transaction() as connection:
        connection.execute("UPDATE photos SET taken_at = '2024-05-01T12:00:00'")
    write(source / "1.mov", film_bytes(datetime(2020, 1, 1)))
    write(source / "1.mov.xmp", b"edits of another film")
    for number in (2, 3):
        for folder in (source, destination / "Rose"):
            write(folder / f"{number}.CR2", b"raw %d" % number)
    filings = [replace(filing(path, "Rose"), taken_at=datetime(2024, 5, 1, 12)) for path in photos]
    planned = make_plan(filings, destination, Mode.MOVE, CancelToken(), source_root=source)
    run_id = stop(collection, planned)
    result = go_on(collection, run_id)
    assert reasons(result) == dict.fromkeys(("1.jpg", "2.jpg", "3.jpg"))
    assert names(source) == {"1.mov", "1.mov.xmp", "2.CR2", "3.CR2"}


@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE])
def test_a_photo_stays_where_a_file_that_appeared_beside_it_cannot_be_read(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path, mode: Mode
) -> None:
    run_id = stop(collection, plan(roses(photos), destination, mode, source))
    new = write(source / "1.xmp", b"new")

    class Unreadable(FileSystem):
        def stat(self, path: Path) -> os.stat_result:
            if path == new:
                raise OSError(errno.EIO, "not here")
            return super().stat(path)

    why = "the disk reports a read or write error"
    assert reasons(go_on(collection, run_id, Unreadable())) == {
        "1.jpg": f"the files beside it cannot be compared: {why}; sort the folder again",
        "2.jpg": None,
        "3.jpg": None,
    }
    assert {"1.jpg", "1.xmp"} <= names(source)


@pytest.mark.parametrize("times", [1, 3])
def test_a_photo_stays_with_its_sidecars_where_its_folder_cannot_be_listed(
    collection: CollectionStore,
    photos: list[Path],
    source: Path,
    destination: Path,
    monkeypatch: pytest.MonkeyPatch,
    times: int,
) -> None:
    run_id = stop(collection, plan(roses(photos), destination, Mode.MOVE, source))
    write(source / "2.xmp", b"edits of 2")
    unlistable(monkeypatch, source, times)
    result = go_on(collection, run_id)
    unlisted = "its folder cannot be listed; sort the folder again"
    appeared = "2.xmp has appeared beside it; sort the folder again"
    later = {"2.jpg": appeared, "3.jpg": None} if times == 1 else {"2.jpg": unlisted, "3.jpg": unlisted}
    assert reasons(result) == {"1.jpg": unlisted} | later
    assert {"1.jpg", "2.jpg", "2.xmp"} <= names(source)


def test_a_duplicate_waits_for_the_sidecar_that_appeared_beside_it(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path
) -> None:
    twins = [write(source / "b" / f"{number}.jpg", b"photo %d" % number) for number in (0, 1)]
    run_id = stop(collection, with_duplicates([*photos, *twins], source, destination), done=2)
    new = write(source / "b" / "0.xmp", b"new")
    result = go_on(collection, run_id)
    why = "0.xmp has appeared beside it; sort the folder again"
    assert [(file.source, file.error) for file in result.files if file.error] == [(twins[0], why)]
    assert result.duplicates_moved == 1
    assert new.exists()
    assert twins[0].exists()
    assert not twins[1].exists()


def test_a_duplicate_is_not_counted_among_what_waits_but_looked_at(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path
) -> None:
    twin = write(source / "b" / "twin.jpg", b"photo 3")
    run_id = stop(collection, plan(roses([*photos, twin]), destination, Mode.COPY, source))
    run = collection.journal.run(run_id)
    assert (run.waiting, run.left, run.waiting_duplicates) == (3, 3, 1)
    assert str(waiting_sentence(run)).startswith("3 photos of sort 1 are not sorted yet.")
    waiting = [entry.id for entry in collection.journal.filings(run_id) if entry.action != Action.DUPLICATE]
    collection.journal.set_states(waiting, EntryState.FAILED)
    run = collection.journal.run(run_id)
    assert (run.waiting, run.left, run.can_be_resumed) == (0, 0, True)
    assert str(waiting_sentence(run)).startswith("1 duplicate of sort 1 was not looked at.")


@pytest.mark.parametrize("change", ["deleted", "edited", "the photo itself"])
def test_a_duplicate_is_not_moved_aside_when_the_other_file_is_gone(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path, change: str
) -> None:
    twin = write(source / "b" / "0.jpg", b"photo 0")
    filed = destination / "Rose" / "0.jpg"
    run_id = stop(collection, with_duplicates([*photos, twin], source, destination), done=2)
    filed.unlink()
    if change == "edited":
        write(filed, b"edited!")
    elif change == "the photo itself":  # reached in another way
        (filed.parent / "1.jpg").rename(twin.with_name("1.jpg"))
        filed.parent.rmdir()
        filed.parent.symlink_to(twin.parent)
    result = go_on(collection, run_id)
    assert result.duplicates_moved == 0
    assert "is not at" in str(reasons(result)["0.jpg"])
    assert not (destination / "Duplicates").exists()
    assert twin.read_bytes() == b"photo 0"
    own = next(entry for entry in collection.journal.filings(run_id) if entry.source == twin)
    assert own.state == EntryState.FAILED


def test_a_duplicate_of_a_filed_photo_stays(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recheck, "_AT_ONCE", 2)
    twin = write(source / "b" / "twin.jpg", b"photo 0")
    write(source / "0.xmp", b"edits of 0")
    run_id = stop(collection, plan(roses([*photos, twin]), destination, Mode.COPY, source))
    # As if its sidecar had not been filed: the photo stays filed.
    filed, sidecar = collection.journal.filings(run_id)[:2]
    collection.journal.set_state(sidecar.id, EntryState.CANCELLED)
    result = go_on(collection, run_id)
    assert (result.filed, result.failed) == (3, 0)
    entries = {entry.source: (entry.action, entry.state) for entry in collection.journal.filings(run_id)}
    assert entries[twin] == (Action.DUPLICATE, EntryState.NOTED)
    assert entries[filed.source] == (Action.COPY, EntryState.DONE)


def test_a_photo_that_was_there_already_is_looked_for_again(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path, tmp_path: Path
) -> None:
    card = tmp_path / "card"
    write(card / "0.xmp", b"edits")
    copies = [write(card / f"{number}.jpg", b"photo %d" % number) for number in range(2)]
    sort(collection, roses(copies), destination, Mode.COPY, source=card)
    write(source / "1.pp3", b"edits of 1")
    run_id = stop(collection, with_duplicates([photos[2], photos[0], photos[1], photos[3]], source, destination))
    take_back(collection, 1, None)
    shutil.rmtree(card)
    write(destination / "Rose" / "1.jpg", b"photo 1")
    result = go_on(collection, run_id)
    assert "is not at" in str(reasons(result)["0.jpg"])
    assert result.duplicates_moved == 1
    assert photos[0].exists()
    assert {"Rose/1.jpg", "Duplicates/1.jpg"} <= names(destination)


def test_sidecars_beside_a_photo_that_was_there_follow_only_while_it_is(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path, tmp_path: Path
) -> None:
    there = [write(tmp_path / "card" / path.name, path.read_bytes()) for path in photos[:2]]
    sort(collection, roses(there), destination, Mode.COPY, source=tmp_path / "card")
    for number in (0, 1):
        write(source / f"{number}.xmp", b"edits of %d" % number)
    cancel = CancelToken()
    with pytest.raises(Cancelled):  # before the first sidecar
        execute(plan(roses(photos), destination, Mode.COPY, source), collection, lambda news: cancel.cancel(), cancel)
    run_id = collection.journal.runs()[0].id
    tried = next(entry for entry in collection.journal.filings(run_id) if entry.source == photos[2])
    collection.journal.set_state(tried.id, EntryState.FAILED)
    (destination / "Rose" / "0.jpg").unlink()
    result = go_on(collection, run_id)
    assert "is not at" in str(reasons(result)["0.jpg"])
    assert names(destination) == {"Rose/1.jpg", "Rose/1.xmp", "Rose/2.jpg", "Rose/3.jpg"}


def test_in_a_new_sort_too_the_last_file_is_not_moved_aside(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path
) -> None:
    write(source / "b" / "twin.xmp", b"edits")
    twin = write(source / "b" / "twin.jpg", b"photo 0")
    other = write(source / "b" / "other.jpg", b"photo 1")

    def delete(news: object) -> None:
        if isinstance(news, Progress) and news.done == 4:
            for name in ("0.jpg", "1.jpg"):
                (destination / "Rose" / name).unlink(missing_ok=True)

    planned = with_duplicates([*photos, twin, other], source, destination)
    result = execute(planned, collection, delete, CancelToken())
    assert [file.source for file in result.not_filed] == [twin, other]
    assert twin.exists()
    assert other.exists()
    assert not (destination / "Duplicates").exists()


def test_sorts_whose_plan_says_too_little_are_refused(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path
) -> None:
    run_id = stop(collection, plan(roses(photos), destination, Mode.COPY, source))
    with collection.database.transaction() as connection:
        connection.execute("UPDATE runs SET volumes = NULL")
    with pytest.raises(SortRefused, match=r"the drive that it sorted to is not known.*Sort the folder again"):
        go_on(collection, run_id)
    sort(collection, roses(photos[1:]), destination, Mode.COPY, source=source)
    filed = filed_photos(collection.database, [filing(path, "Rose").sha256 for path in photos])
    [refiling] = plan_refile(collection, [(photo, "Tulip") for photo in filed], CancelToken())
    run_id = stop(collection, refiling)
    with pytest.raises(SortRefused, match="it moved sorted photos to the classes of their labels"):
        go_on(collection, run_id)


def test_it_can_be_stopped_while_it_looks(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path
) -> None:
    run_id = stop(collection, plan(roses(photos), destination, Mode.COPY, source))
    cancel = CancelToken()

    def press(news: object) -> None:
        cancel.cancel()

    with pytest.raises(Cancelled):
        resume(collection, run_id, press, cancel)
    assert collection.journal.run(run_id).can_be_resumed
    assert go_on(collection, run_id).filed == 3


def test_what_cannot_be_read_does_not_count_as_there(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path
) -> None:
    twin = write(source / "b" / "twin.jpg", b"photo 0")
    run_id = stop(collection, with_duplicates([*photos, twin], source, destination))

    def around(name: str, call: Callable[[], Any]) -> Any:
        return call()

    class Unreadable(WatchedDisk):
        def hash(self, path: Path, between: Callable[[], object] = lambda: None) -> bytes:
            if path == destination / "Rose" / "0.jpg":
                raise OSError(errno.EIO, "not here")
            return super().hash(path, between)

    result = go_on(collection, run_id, Unreadable(around))
    assert (result.filed, result.duplicates_moved) == (3, 0)
    assert twin.exists()


def test_a_duplicate_whose_filed_photo_was_renamed_counts_once(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path
) -> None:
    twin = write(source / "b" / "0.jpg", b"photo 0")
    run_id = stop(collection, with_duplicates([*photos, twin], source, destination), done=2)
    renamed = (destination / "Rose" / "0.jpg").rename(destination / "Rose" / "renamed.jpg")
    result = go_on(collection, run_id)
    assert [file.moved_aside for file in result.files if file.source == twin] == [True]
    assert (result.filed, result.already_there, result.duplicates_moved) == (2, 0, 1)
    assert names(destination) == {"Rose/1.jpg", "Rose/2.jpg", "Rose/3.jpg", "Rose/renamed.jpg", "Duplicates/0.jpg"}
    assert renamed.read_bytes() == b"photo 0"


def test_a_duplicate_that_cannot_be_moved_aside_stays_where_it_is_said_to(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path
) -> None:
    twin = write(source / "b" / "0.jpg", b"photo 0")
    run_id = stop(collection, with_duplicates([*photos, twin], source, destination), done=2)
    renamed = (destination / "Rose" / "0.jpg").rename(destination / "Rose" / "renamed.jpg")
    result = go_on(collection, run_id, failing("link_new", 2, errno.EIO))
    [outcome] = [file for file in result.files if file.source == twin]
    assert (outcome.destination, outcome.action, outcome.moved_aside) == (renamed, Action.ALREADY_THERE, False)
    assert outcome.error == "the disk reports a read or write error"
    assert (result.already_there, result.duplicates_moved) == (1, 0)
    assert twin.exists()
