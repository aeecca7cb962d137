"""Filing a folder: copy, move, link, dry run, history and undo, from outside."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.conftest import DIFFERENT, PHOTOS, UNREADABLE, Labelled
from tests.e2e.program import Program, end_without_reader, tree

MODES = ("--copy", "--move", "--link")


@pytest.fixture
def taught(labelled: Labelled, program: Program, tmp_path: Path) -> Program:
    """A collection in which every photo of the folder has a class: drawn photos are new to the starter model."""
    from flowersorter.domain.label import LabelOrigin
    from flowersorter.library.collection import CollectionStore

    with CollectionStore.open(program.collection) as collection:
        odd, even = collection.classes.add("odd ones"), collection.classes.add("Even: more/less")
        known = [p for p in collection.photos.places_under(labelled.folder) if p.photo_id is not None]
        for number, place in enumerate(known):
            assert place.photo_id is not None
            if not collection.labels.get([place.photo_id]):
                collection.labels.assign([place.photo_id], (odd if number % 2 else even).id, LabelOrigin.PERSON)
    return program


def digests(folder: Path) -> Counter[str]:
    """How often each content stands under a folder."""
    return Counter(hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file())


def test_copy_files_every_photo_into_one_class_folder_and_leaves_the_sources(
    labelled: Labelled, taught: Program, tmp_path: Path
) -> None:
    before, dest = tree(labelled.folder), tmp_path / "sorted"
    done = taught.ok("sort", labelled.folder, "--to", dest, "--json")
    assert tree(labelled.folder) == before
    photos = done.objects[:-1]
    assert [entry["path"] for entry in photos] == [entry["path"] for entry in labelled.result.objects[:-1]]
    filed = [entry for entry in photos if entry["action"] == "copy"]
    assert len(filed) == DIFFERENT
    for entry in filed:
        to = Path(entry["to"])
        assert to.parent.parent == dest
        assert to.read_bytes() == Path(entry["path"]).read_bytes()
        assert to.stat().st_mtime_ns == Path(entry["path"]).stat().st_mtime_ns
        assert (entry["confidence"], entry["verdict"]) == (1.0, "sure")
    contents = digests(dest)
    assert all(contents[hashlib.sha256(Path(entry["path"]).read_bytes()).hexdigest()] == 1 for entry in filed)
    assert (
        (dest / Path(next(e["to"] for e in filed if e["path"].endswith("IMG_2.jpg"))).parent.name)
        .joinpath("IMG_2.jpg.xmp")
        .is_file()
    )


def test_the_summary_accounts_for_every_photo(labelled: Labelled, taught: Program, tmp_path: Path) -> None:
    done = taught.ok("sort", labelled.folder, "--to", tmp_path / "sorted", "--json")
    actions = Counter(entry["action"] for entry in done.objects[:-1])
    summary = done.summary
    assert summary["photos"] == len(PHOTOS) + len(UNREADABLE) == sum(actions.values())
    assert summary["sorted"] == actions["copy"] == DIFFERENT
    assert summary["duplicates"] == actions["duplicate"] == len(PHOTOS) - DIFFERENT
    assert summary["left"] == actions["left"] == len(UNREADABLE)
    assert summary["failed"] == 0
    assert set(summary["classes"]) == {"odd ones", "Even: more/less"}
    left = [entry for entry in done.objects[:-1] if entry["action"] == "left"]
    assert all(entry["error"] and entry["to"] is None for entry in left)


def test_a_dry_run_says_the_same_and_changes_nothing(labelled: Labelled, taught: Program, tmp_path: Path) -> None:
    dest, before = tmp_path / "sorted", tree(labelled.folder)
    planned = taught.ok("sort", labelled.folder, "--to", dest, "--dry-run", "--json")
    assert not dest.exists()
    assert tree(labelled.folder) == before
    assert planned.summary["dry_run"] is True
    assert planned.summary["sort"] is None
    assert "No photos were sorted yet" in taught.ok("history").out
    told = taught.ok("sort", labelled.folder, "--to", dest, "--dry-run").out
    assert "Nothing was changed" in told
    done = taught.ok("sort", labelled.folder, "--to", dest, "--json")
    assert done.objects[:-1] == planned.objects[:-1]


def test_sorting_twice_copies_nothing_twice(labelled: Labelled, taught: Program, tmp_path: Path) -> None:
    dest = tmp_path / "sorted"
    taught.ok("sort", labelled.folder, "--to", dest)
    before = tree(dest)
    again = taught.ok("sort", labelled.folder, "--to", dest, "--json")
    assert tree(dest) == before
    assert again.summary["sorted"] == 0
    assert {entry["action"] for entry in again.objects[:-1]} == {"already there", "left"}
    assert again.summary["sort"] is None
    assert taught.ok("history", "--json").summary["sorts"] == 1  # so that undo takes back what was filed


@pytest.mark.parametrize("mode", MODES)
def test_undo_leaves_both_trees_as_they_were(labelled: Labelled, taught: Program, tmp_path: Path, mode: str) -> None:
    folder, dest = labelled.folder, tmp_path / "sorted"
    dest.mkdir()
    (dest / "mine.txt").write_text("was here before\n")
    before, before_dest = tree(folder), tree(dest)
    done = taught.ok("sort", folder, "--to", dest, mode, "--json")
    if mode == "--move":
        assert not (folder / PHOTOS[0]).exists()
        assert (folder / UNREADABLE[0]).exists()
    assert len(list(dest.rglob("IMG_*"))) > 5
    history = taught.ok("history", "--json").objects[:-1]
    assert [entry["mode"] for entry in history] == [mode.removeprefix("--")]
    assert history[0]["sort"] == done.summary["sort"]
    undone = taught.ok("undo")
    assert f"{DIFFERENT} photos undone" in undone.out
    assert tree(folder) == before
    assert tree(dest) == before_dest
    assert taught.ok("history", "--json").objects[0]["state"] == "undone"
    assert taught.run("undo").code == 1


def test_sidecars_are_counted_first_go_along_and_follow_later(
    labelled: Labelled, taught: Program, tmp_path: Path
) -> None:
    day, dest = labelled.folder / "day 1", tmp_path / "sorted"
    added = [day / "IMG_1.MP4", day / "img_3.json", day / "IMG_4.xmp", day / "classes.csv"]
    try:
        for path in added[:2] + added[3:]:
            path.write_text(path.name)
        before = tree(labelled.folder)
        said = taught.ok("sort", labelled.folder, "--to", dest, "--move", "--dry-run").out
        assert "With them 3 sidecar files: 1 .mp4, 1 .xmp, 1 .json" in said
        assert ".csv" in said
        done = taught.ok("sort", labelled.folder, "--to", dest, "--move", "--json")
        assert done.summary["sidecars"] == {".mp4": 1, ".xmp": 1, ".json": 1}
        assert done.summary["staying"][".csv"] == 1
        assert {path.name for path in dest.rglob("*")} >= {"IMG_1.MP4", "IMG_2.jpg.xmp", "img_3.json"}
        taught.ok("undo")
        assert tree(labelled.folder) == before

        taught.ok("sort", labelled.folder, "--to", dest)
        added[2].write_text("an edit made later")
        said = taught.ok("sort", labelled.folder, "--to", dest).out
        assert "1 sidecar file copied" in said
        assert [path.read_text() for path in dest.rglob("IMG_4.xmp")] == ["an edit made later"]
        assert "1 sidecar file undone" in taught.ok("undo").out
        assert not list(dest.rglob("IMG_4.xmp"))
    finally:
        for path in added:
            path.unlink(missing_ok=True)


def test_the_history_of_a_sort_lists_its_photos(labelled: Labelled, taught: Program, tmp_path: Path) -> None:
    assert "There is no sort 1" in taught.run("history", "1").err
    done = taught.ok("sort", labelled.folder, "--to", tmp_path / "sorted", "--json")
    run = str(done.summary["sort"])
    photos = taught.ok("history", run, "--json").objects[:-1]
    filed = [photo for photo in photos if photo["state"] == "done"]
    assert len(filed) == done.summary["sorted"]
    assert all(Path(photo["to"]).exists() for photo in filed)
    assert {photo["path"] for photo in photos} <= {line.get("path") for line in done.objects}
    assert {photo["class"] for photo in filed} == set(done.summary["classes"])
    taught.ok("undo", run)
    assert {photo["state"] for photo in taught.ok("history", run, "--json").objects[:-1]} <= {"undone", "noted"}
    assert "IMG_1.jpg" in taught.ok("history", run).out
    assert taught.run("history", "nonsense").code == 2


def test_undo_leaves_what_the_person_changed_and_says_why(labelled: Labelled, taught: Program, tmp_path: Path) -> None:
    dest = tmp_path / "sorted"
    done = taught.ok("sort", labelled.folder, "--to", dest, "--json")
    changed = Path(done.objects[0]["to"])
    changed.write_bytes(changed.read_bytes() + b"edited")
    undone = taught.run("undo", str(done.summary["sort"]))
    assert undone.code == 1
    assert changed.name in undone.out
    assert "1 photo left as they are" in undone.err or "1 photo" in undone.err
    assert changed.is_file()
    assert len([path for path in dest.rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize("mode", MODES)
def test_undo_takes_photos_in_a_renamed_class_folder_back_if_asked_to(
    labelled: Labelled, taught: Program, tmp_path: Path, mode: str
) -> None:
    dest, before = tmp_path / "sorted", tree(labelled.folder)
    taught.ok("sort", labelled.folder, "--to", dest, mode)
    (dest / "odd ones").rename(dest / "the odd ones")
    refused = taught.run("undo", "1", "--json")
    assert refused.code == 1
    moved = refused.summary["moved"]
    assert moved == refused.summary["refused"] == DIFFERENT - refused.summary["undone"] > 0
    assert all("moved or renamed since: the odd ones/" in line["error"] for line in refused.objects[:-1])
    assert "flowersorter undo 1 --yes" in refused.err
    done = taught.ok("undo", "1", "--yes", "--json")
    counts = {"undone": moved, "gone": 0, "refused": 0, "moved": 0, "edited": 0}
    assert done.summary == {"sort": 1, "passed_over": [], **counts}
    assert tree(labelled.folder) == before
    assert [path.name for path in dest.rglob("*")] == ["the odd ones"]


def test_photos_that_are_new_to_the_model_stay_and_are_named(
    labelled: Labelled, program: Program, tmp_path: Path
) -> None:
    done = program.ok("sort", labelled.folder, "--to", tmp_path / "sorted", "--json")
    new = [entry for entry in done.objects[:-1] if entry.get("verdict") == "unknown"]
    assert new
    for entry in new:
        assert (entry["action"], entry["to"]) == ("left", None)
        assert "none of the classes" in entry["reason"]


def test_only_sure_files_sure_guesses_and_labels(labelled: Labelled, program: Program, tmp_path: Path) -> None:
    dest = tmp_path / "sorted"
    plan = program.ok("sort", labelled.folder, "--to", dest, "--only-sure", "--dry-run", "--json")
    for entry in plan.objects[:-1]:
        assert (entry["action"] == "left") == (entry.get("verdict") != "sure")


def test_aside_files_what_only_sure_leaves(labelled: Labelled, program: Program, tmp_path: Path) -> None:
    wanted = ("sort", labelled.folder, "--to", tmp_path / "sorted", "--only-sure", "--dry-run", "--json")
    left = {line["path"] for line in program.ok(*wanted).objects[:-1] if line["action"] == "left"}
    aside = [line for line in program.ok(*wanted, "--aside").objects[:-1] if line.get("to")]
    readable = {path for path in left if Path(path).name not in {Path(name).name for name in UNREADABLE}}
    gone_aside = {line["path"] for line in aside if Path(line["to"]).parent.name == "Not sure"}
    assert gone_aside == readable
    assert {line["action"] for line in aside} <= {"copy", "duplicate"}


def test_a_destination_inside_the_folder_is_refused_at_once(labelled: Labelled, fresh: Program) -> None:
    refused = fresh.run("sort", labelled.folder, "--to", labelled.folder / "sorted", PYTHONPROFILEIMPORTTIME="1")
    assert refused.code == 1
    assert refused.out == ""
    assert "torch" not in {line.rsplit("|", 1)[-1].strip() for line in refused.err.splitlines()}
    assert not (labelled.folder / "sorted").exists()


def test_the_list_may_be_cut_short_but_every_photo_is_filed(
    labelled: Labelled, taught: Program, tmp_path: Path
) -> None:
    dest = tmp_path / "sorted"
    assert end_without_reader(taught.start("sort", labelled.folder, "--to", dest)) == (0, b"")
    assert len(list(dest.rglob("IMG_*.jpg"))) == 5


@pytest.mark.skipif(sys.platform != "linux", reason="its device")
def test_photos_moved_below_a_full_stdout_are_told_on_stderr(
    labelled: Labelled, taught: Program, tmp_path: Path
) -> None:
    folder, dest = tmp_path / "photos", tmp_path / "sorted"
    shutil.copytree(labelled.folder, folder)
    ended = taught.run_in_shell(f'-m flowersorter sort "{folder}" --to "{dest}" --move --json >/dev/full')
    why, summary = ended.err.splitlines()[-2:]
    assert why == "The output could not be written to stdout: no space left on device. It ends with:"
    assert json.loads(summary)["summary"]["sorted"] == DIFFERENT
    assert ended.code == 1


def test_relative_names_are_understood(labelled: Labelled, program: Program) -> None:
    here = Program(program.collection, labelled.folder)
    entries = here.ok("sort", "misc", "--to", Path("..", "elsewhere"), "--json", "--dry-run").objects
    assert entries[0]["path"].startswith(str(labelled.folder / "misc"))
    assert Path(entries[-1]["summary"]["destination"]).name == "elsewhere"


def test_a_label_moves_sorted_copies_only_with_the_flag(labelled: Labelled, taught: Program, tmp_path: Path) -> None:
    dest = tmp_path / "sorted"
    entries = taught.ok("sort", labelled.folder, "--to", dest, "--json").objects[:-1]
    entry = next(each for each in entries if each.get("to"))
    taught.ok("label", entry["path"], "--as", "another class")
    assert Path(entry["to"]).is_file()
    said = taught.ok("label", entry["path"], "--as", "another class", "--move-copies").out
    assert "Sorted copies moved: 1 (sort 2)." in said
    assert not Path(entry["to"]).exists()
    assert (dest / "another class" / Path(entry["to"]).name).is_file()


def test_sorting_again_moves_earlier_copies_only_with_the_flag(
    labelled: Labelled, taught: Program, tmp_path: Path
) -> None:
    dest = tmp_path / "sorted"
    entries = taught.ok("sort", labelled.folder, "--to", dest, "--json").objects[:-1]
    entry = next(each for each in entries if each.get("to"))
    taught.ok("label", entry["path"], "--as", "another class")
    before = tree(dest)
    planned = taught.ok("sort", labelled.folder, "--to", dest, "--dry-run").out
    assert "1 photo sorted before in the folder of another class: would stay; --move-copies moves them." in planned
    again = taught.ok("sort", labelled.folder, "--to", dest, "--json")
    assert (again.summary["copies_moved"], again.summary["copies_in_other_classes"]) == (0, 1)
    assert tree(dest) == before
    assert "would be moved" in taught.ok("sort", labelled.folder, "--to", dest, "--dry-run", "--move-copies").out
    assert tree(dest) == before
    moved = taught.ok("sort", labelled.folder, "--to", dest, "--move-copies").out
    assert "1 photo sorted before moved to the class you chose (sort 2)." in moved
    assert (dest / "another class" / Path(entry["to"]).name).is_file()


def test_a_pattern_makes_sub_folders_by_the_date_of_the_photos(
    labelled: Labelled, taught: Program, tmp_path: Path
) -> None:
    dest, before = tmp_path / "sorted", tree(labelled.folder)
    refused = taught.run("sort", labelled.folder, "--to", dest, "--pattern", "{date:%Y}")
    assert (refused.code, refused.out) == (1, "")
    assert "must begin with {class}" in refused.err
    wanted = ("sort", labelled.folder, "--to", dest, "--pattern", "{class}/{date:%Y}/{date:%m}")
    assert "odd ones/2026/04" in taught.ok(*wanted, "--dry-run").out
    assert not dest.exists()
    done = taught.ok(*wanted, "--move", "--json")
    assert {Path(entry["to"]).relative_to(dest).parts[1] for entry in done.objects[:-1] if entry.get("to")} == {
        "2026",
        "Undated",
    }
    taught.ok("undo")
    assert tree(labelled.folder) == before
    assert not dest.exists()


def test_a_move_can_take_along_what_it_would_leave(labelled: Labelled, taught: Program, tmp_path: Path) -> None:
    assert taught.run("sort", labelled.folder, "--to", tmp_path / "sorted", "--move-duplicates").code == 2
    dest, before = tmp_path / "sorted", tree(labelled.folder)
    copies = len(PHOTOS) - DIFFERENT
    offered = taught.ok("sort", labelled.folder, "--to", dest, "--move", "--dry-run").out
    assert f"{copies} duplicates of another photo, which is sorted once\nDuplicates of sorted photos would" in offered
    wanted = ("sort", labelled.folder, "--to", dest, "--move", "--move-duplicates", "--remove-empty-folders")
    planned = taught.ok(*wanted, "--dry-run")
    assert f"{copies} duplicates of these moved into Duplicates" in planned.out
    assert "Folders that become empty: 1, removed" in planned.out
    assert tree(labelled.folder) == before
    done = taught.ok(*wanted, "--json")
    assert (done.summary["duplicates_moved"], done.summary["folders_removed"]) == (copies, 1)
    assert not (labelled.folder / "day 1").exists()
    assert len(list((dest / "Duplicates").iterdir())) == copies
    taught.ok("undo")
    assert tree(labelled.folder) == before
    assert not dest.exists()
