"""Commands that only read, beside another process that has the collection open and writes to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from flowersorter import Collection, predict_image
from flowersorter.api import open_collection
from flowersorter.cli import main
from flowersorter.commands.shared import context
from flowersorter.errors import CollectionLocked, FolderUnusable
from flowersorter.library.cache.verified_files import VERIFIED_NAME
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.models.current_model import starter
from tests.other_process import held_by_another_process
from tests.stub_network import open_colour_network
from tests.unit.workflows.conftest import draw_photos

COLOURS = ("red", "green", "blue")


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A collection with labels, a model and a sort that seems to be under way; another process has it open."""
    engine = partial(Engine, open_network=open_colour_network)
    for module in (context, open_collection):
        monkeypatch.setattr(module, "Engine", engine)
    for colour in COLOURS:
        draw_photos(tmp_path / "photos", colour, 8)
    folder = tmp_path / "collection"
    with Collection.open(folder) as collection:
        collection.predict(tmp_path / "photos")
        for colour in COLOURS:
            for number in range(6):
                collection.label(tmp_path / "photos" / f"{colour}_{number}.jpg", colour)
        collection.retrain()
        collection.retrain()
        collection.sort(tmp_path / "photos", tmp_path / "sorted", dry_run=False)
        with collection._library.database.transaction() as connection:
            connection.execute("UPDATE runs SET state = 'open', finished_at = NULL")
    monkeypatch.setenv("FLOWERSORTER_COLLECTION", str(folder))
    with held_by_another_process(folder):
        yield folder


def contents(folder: Path) -> dict[Path, bytes]:
    """Every file of a collection but its lock, which only one process can read on Windows."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"}


def summary(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    code = main([*map(str, arguments), "--json"])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    return json.loads(out.splitlines()[-1])["summary"]


def test_commands_that_read_work_and_change_no_file(
    held: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(held)
    assert summary(capsys, "history")["photos"] == 24
    assert summary(capsys, "history", 1)["states"] == {"done": 24}
    assert summary(capsys, "verify")["intact"] == 24
    assert summary(capsys, "models") == {"models": 3, "current": 2}
    assert summary(capsys, "models", "--compare", 1, 2)["photos"] == 24
    assert summary(capsys, "doctor")["wrong"] == []
    assert summary(capsys, "backbones")["installed"] >= 1
    exported = summary(capsys, "export", tmp_path / "model.safetensors")
    assert set(exported["classes"]) == {*COLOURS, *starter().model.class_names}, "the starter's classes stay"
    assert summary(capsys, "predict", tmp_path / "photos" / "red_7.jpg")["photos"] == 1
    assert summary(capsys, "label-errors")["checked"] == 18
    assert summary(capsys, "next")["unlabelled"] == 6
    assert summary(capsys, "evaluate")["photos"] == 18
    after = contents(held)
    assert after.pop(held / VERIFIED_NAME), "what was verified is remembered, in a file of its own"
    assert after == before


@pytest.mark.parametrize(
    "command",
    [
        "predict {photos}",
        "label {photos}/red_7.jpg --as red",
        "sort {photos} --to {tmp}/other",
        "undo",
        "train {photos}",
        "evaluate {photos}",
        "models --use starter",
        "models --delete 1",
        "import {tmp}/model.safetensors",
    ],
)
def test_commands_that_change_something_refuse(
    held: Path, tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(held)
    words = [word.format(photos=tmp_path / "photos", tmp=tmp_path) for word in command.split()]
    assert main(words) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        f"The collection {held} is already open: another FlowerSorter window or terminal is using it. "
        "Close that one first, or choose another collection.\n"
    )
    assert contents(held) == before


def test_a_command_that_would_have_to_store_an_embedding_refuses(
    held: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (held / "embeddings").iterdir():
        path.unlink()
    before = contents(held)
    assert main(["label-errors"]) == 1
    assert capsys.readouterr().err == (
        f"The collection {held} cannot be changed now: it was opened only for reading, because another FlowerSorter "
        "window or terminal is using it. Close that one first.\n"
    )
    assert contents(held) == before


def test_a_script_predicts_a_photo_beside_the_window(held: Path, tmp_path: Path) -> None:
    before = contents(held)
    assert predict_image(tmp_path / "photos" / "blue_7.jpg").class_name == "blue"
    with Collection.open(held, read_only=True) as collection:
        assert collection.models[0].current
        assert collection.verify().intact == 24
        assert [sort.photos for sort in collection.history()] == [24]
        assert (collection.evaluate().photos, collection.label_errors().checked) == (18, 18)
    assert contents(held) == before


def test_a_collection_that_is_only_read_refuses_every_change(held: Path, tmp_path: Path) -> None:
    before, sorted_before = contents(held), contents(tmp_path / "sorted")
    photos = tmp_path / "photos"
    draw_photos(photos, "yellow", 1)
    with Collection.open(held, read_only=True) as collection:
        file = collection.export_model(tmp_path / "model.safetensors")
        for change in (
            partial(collection.predict, photos),
            partial(collection.label, photos / "red_0.jpg", "blue"),
            partial(collection.set_scan_options, photos, recursive=False),
            partial(collection.sort, photos, tmp_path / "elsewhere", dry_run=False),
            collection.undo,
            collection.retrain,
            partial(collection.use_model, None),
            partial(collection.import_model, file),
        ):
            with pytest.raises(CollectionLocked):
                change()
    assert contents(held) == before
    assert contents(tmp_path / "sorted") == sorted_before
    assert not (tmp_path / "elsewhere").exists()


def test_there_must_be_a_collection_to_read(tmp_path: Path) -> None:
    with pytest.raises(FolderUnusable, match="there is none yet"):
        Collection.open(tmp_path / "none", read_only=True)
    assert not (tmp_path / "none").exists()
