"""Help, version, wrong usage, the collection's lock, and what loads how much."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from flowersorter import __version__
from flowersorter.commands.verbs import VERBS
from tests.drawing import RED, textured, write_jpeg
from tests.e2e.conftest import Labelled
from tests.e2e.program import Program, imported


def test_help_tells_every_verb_with_examples(fresh: Program) -> None:
    told = fresh.ok("--help").out
    for verb in VERBS:
        assert f"\n    {verb.name} " in told
    for word in ("examples:", "--collection", "--device", "--backbone", "FLOWERSORTER_COLLECTION", "--json", "130"):
        assert word in told
    assert not fresh.collection.exists()


def test_version(fresh: Program) -> None:
    assert fresh.ok("--version").out == f"FlowerSorter {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("label",),
        ("label", "a.jpg"),
        ("label", "a.jpg", "--as", "b", "--remove"),
        ("train", ""),
        ("train", "a", "b"),
        ("predict", "a", "--jso"),
        ("predict", "a", "--top", "0"),
        ("doubts",),
        ("advise", "a"),
        ("sort", "a"),
        ("sort", "a", "--to", "b", "--copy", "--move"),
        ("train", "a", "--device", "tpu"),
        ("predict", "a", "--backbone", "vgg"),
        ("models", "--use", "newest"),
        ("undo", "0"),
        ("predict",),
        ("--nonsense",),
        ("backbones", "--download", "resnet18", "--from", "file"),
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_2_with_a_hint(fresh: Program, arguments: tuple[str, ...]) -> None:
    wrong = fresh.run(*arguments)
    assert wrong.code == 2
    assert wrong.out == ""
    assert "usage: flowersorter" in wrong.err
    assert "error: " in wrong.err
    assert not fresh.collection.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("predict", "missing"),
        ("sort", "missing", "--to", "there"),
        ("train", "missing"),
        ("evaluate", "missing"),
        ("next", "missing"),
        ("sort", ".", "--to", "collection/sorted"),
        ("import", "model.safetensors"),
        ("export", "model.h5"),
        ("models", "--use", "7"),
        ("undo", "7"),
        ("undo",),
        ("backbones", "--from", "missing.pth"),
        ("backbones", "--download", "resnet19"),
    ],
    ids=" ".join,
)
def test_a_failure_is_one_sentence_and_exit_1(fresh: Program, arguments: tuple[str, ...]) -> None:
    failed = fresh.run(*arguments)
    assert failed.code == 1
    assert failed.out == ""
    assert len(failed.err.splitlines()) == 1
    assert failed.err.endswith(".\n")
    assert "Traceback" not in failed.err


def test_a_folder_without_photos_is_said_to_be_one(fresh: Program, tmp_path: Path) -> None:
    folder = tmp_path / "receipts"
    folder.mkdir()
    (folder / "notes.txt").write_text("buy bulbs")
    said = f"There are no photos in {folder}.\nSkipped: 1 file that is not a photo\n"
    assert fresh.ok("predict", folder).out == said
    assert fresh.ok("sort", folder, "--to", tmp_path / "sorted").out == said
    [last] = fresh.ok("predict", folder, "--json").objects
    assert (last["summary"]["photos"], last["summary"]["left_out"]) == (0, {"not a photo": 1})
    assert fresh.ok("sort", folder, "--to", tmp_path / "sorted", "--json").summary["photos"] == 0
    assert not (tmp_path / "sorted").exists()


def test_a_collection_in_use_is_refused_politely(program: Program, labelled: Labelled) -> None:
    from flowersorter.library.collection import CollectionStore

    with CollectionStore.open(program.collection):
        refused = program.run("predict", labelled.folder, "--json")
    assert refused.code == 1
    assert refused.out == ""
    assert "already open" in refused.err
    program.ok("history")


@pytest.mark.parametrize("before", [True, False])
def test_common_options_stand_before_or_after_the_verb(fresh: Program, tmp_path: Path, before: bool) -> None:
    other = tmp_path / "other collection"
    common = ("--collection", str(other), "--device", "cpu", "--backbone", "resnet50")
    fresh.ok(*((*common, "history") if before else ("history", *common)))
    assert other.is_dir()
    assert not fresh.collection.exists()


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("--version",), ("history",), ("verify",), ("models",), ("backbones",), ("recover",)],
    ids=" ".join,
)
def test_light_verbs_load_neither_torch_nor_qt(program: Program, arguments: tuple[str, ...]) -> None:
    modules = imported(program.ok(*arguments, PYTHONPROFILEIMPORTTIME="1"))
    assert "flowersorter.cli" in modules
    assert not modules & {"torch", "torchvision", "PySide6", "PySide6.QtCore"}


def test_help_loads_no_numpy(fresh: Program) -> None:
    assert not imported(fresh.ok("--help", PYTHONPROFILEIMPORTTIME="1")) & {"numpy", "PIL", "rich"}


def test_doctor_counts_files_and_labels(fresh: Program) -> None:
    photo = write_jpeg(fresh.cwd / "rose.jpg", textured((160, 120), RED, seed=1))
    fresh.ok("label", photo, "--as", "rose")
    checks = {check["name"]: check["detail"] for check in fresh.ok("doctor", "--json").objects[:-1]}
    assert checks["Collection"] == f"{fresh.collection}: known photo files: 1, labels: 1"


def test_doctor_loads_the_network_only_in_full(fresh: Program) -> None:
    names = {each["name"] for each in fresh.ok("doctor", "--json", "--full").objects[:-1]}
    quick = fresh.ok("doctor", "--json", PYTHONPROFILEIMPORTTIME="1")
    assert names - {each["name"] for each in quick.objects[:-1]} == {"Device"}
    assert not imported(quick) & {"torch", "torchvision", "PySide6"}


def test_undo_of_nothing_names_sorts(fresh: Program) -> None:
    said = "There is nothing to undo: no photos were sorted, or every sort is undone already.\n"
    assert fresh.run("undo").err == said


def test_the_help_explains_the_verdicts_as_people_see_them(fresh: Program) -> None:
    told = fresh.ok("--help").out
    assert "  sure, likely, not sure, unknown " in told
    assert 'The verdict is "sure", "likely", "unsure", "unknown" or "none".' in told


def test_doctor_finds_a_damaged_collection_and_nothing_else_wrong(program: Program) -> None:
    (program.collection / "library.sqlite").write_bytes(b"no database" * 1000)
    finished = program.run("doctor", "--json")
    assert finished.code == 1
    checks = {check["name"]: check["ok"] for check in finished.objects[:-1]}
    assert finished.summary["wrong"] == ["Collection"]
    assert {"FlowerSorter", "torch", "Weights", "Collection", "Free space"} <= checks.keys()
    assert [name for name, ok in checks.items() if not ok] == ["Collection"]
    assert finished.err == "1 problem: Collection.\n"


def test_lists_are_json_lines(fresh: Program) -> None:
    *models, last = fresh.ok("models", "--json").objects
    assert last == {"summary": {"models": 1, "current": "starter"}}
    assert [(model["id"], model["current"]) for model in models] == [("starter", True)]
    *backbones, last = fresh.ok("backbones", "--json").objects
    assert last["summary"]["backbones"] == len(backbones)
    assert {"name", "title", "installed", "size_bytes", "licence"} <= backbones[0].keys()
    assert fresh.ok("history", "--json").objects == [{"summary": {"sorts": 0, "photos": 0}}]
    [last] = fresh.ok("recover", "--json").objects
    assert last["summary"] == {"restored": False, "finished": 0, "rolled_back": 0, "problems": []}


@pytest.mark.skipif(sys.platform != "linux", reason="the shell and the devices of Linux")
@pytest.mark.parametrize(
    ("closed", "code", "why"),
    [(">&-", 1, "it is closed"), (">/dev/full", 1, "no space left on device"), ("2>&-", 0, "")],
)
def test_a_stream_that_is_closed_or_full_ends_in_no_traceback(fresh: Program, closed: str, code: int, why: str) -> None:
    ended = fresh.run_in_shell(f"-m flowersorter history {closed}")
    said = [f"The output could not be written to stdout: {why}. It ends with:", "No photos were sorted yet."]
    assert (ended.code, ended.err.splitlines()) == (code, said if why else [])


@pytest.mark.skipif(sys.platform == "win32", reason="the shell of Unix")
def test_no_file_takes_the_place_of_a_closed_stream(fresh: Program) -> None:
    """What libtiff complains about would be written into the library."""
    script = "import sys, flowersorter.__main__ as m; m.main = lambda: open(sys.argv[1], 'w').fileno(); m.run()"
    ended = fresh.run_in_shell(f'-c "{script}" file <&- >&- 2>&-')
    assert ended.code == 3
