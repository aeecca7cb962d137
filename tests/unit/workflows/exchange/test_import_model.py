"""Taking a model from a file: what a good one becomes, and that a hostile one becomes nothing."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.errors import Cancelled, ModelFileBad, WeightsMissing
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.library.models.safetensors_bundle import read_bundle, write_bundle
from flowersorter.library.tables.settings import BACKBONE
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.exchange.export_model import ExportRequest, export_model
from flowersorter.workflows.exchange.import_model import ImportRequest, ImportResult, import_model
from flowersorter.workflows.models.current_model import model_for, starter, use_model
from flowersorter.workflows.training.train import RetrainRequest, TrainFolderRequest, retrain, train_folder
from tests.stub_network import open_colour_network
from tests.unit.workflows.conftest import draw_photos
from tests.unit.workflows.exchange.hostile_models import TRACE, good_parts, kinds

KINDS = kinds()
#: More than the largest file among them that is read to its end, and what Python makes of the longest header.
MAX_MEMORY_BYTES = 256 << 20


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A model of three colours as somebody else exported it."""
    photos = tmp_path / "theirs"
    for colour in ("red", "green", "blue"):
        draw_photos(photos / colour, colour, 8, first=100)
    file = tmp_path / "colours.safetensors"
    with Engine(CollectionStore.open(tmp_path / "their collection"), open_colour_network) as engine:
        train_folder(engine, TrainFolderRequest(photos), silent, CancelToken())
        export_model(engine, ExportRequest(file), silent, CancelToken())
    return file


def take(engine: Engine, file: Path, *, use: bool = False) -> ImportResult:
    return import_model(engine, ImportRequest(file, use), silent, CancelToken())


def contents(collection: CollectionStore) -> tuple[list[str], list[Path]]:
    """All a collection holds: its tables as SQL, its files by name."""
    files = sorted(path for path in collection.folder.rglob("*") if not path.name.endswith("-journal"))
    rows = collection.database.query("SELECT name FROM sqlite_master WHERE type = 'table'")
    tables = [str(row["name"]) for row in rows]
    return [
        f"{table}: {list(map(tuple, collection.database.query(f'SELECT * FROM {table}')))}" for table in tables
    ], files


def test_a_shared_model_joins_the_collection_and_is_used_only_when_asked_to(engine: Engine, shared: Path) -> None:
    engine.collection.classes.add("Red", ClassOrigin.PERSON)
    result = take(engine, shared)
    assert (set(result.classes), result.known) == ({"red", "green", "blue"}, ("red",))
    assert (result.name, result.backbone, result.weights_here) == ("colours.safetensors", "resnet50", True)
    assert not result.made_current
    assert engine.collection.models.current() is None
    assert [entry.name for entry in engine.collection.classes.all()] == ["Red"]
    fits = engine.exact_fits
    again = take(engine, shared, use=True)
    assert engine.exact_fits == fits + 1, "refits are dropped once"
    current = engine.collection.models.current()
    assert current is not None
    assert current.id == again.model_id != result.model_id
    assert engine.collection.settings.get(BACKBONE) == "resnet50"


def test_it_predicts_as_it_did_where_it_was_made(engine: Engine, shared: Path, tmp_path: Path) -> None:
    take(engine, shared, use=True)
    named = model_for(engine, "resnet50")
    assert named is not None
    with Engine(CollectionStore.open(tmp_path / "their collection")) as theirs:
        original = model_for(theirs, "resnet50")
    assert original is not None
    for mine, theirs_ in zip(named.model.to_bundle()[0].values(), original.model.to_bundle()[0].values(), strict=True):
        assert np.array_equal(mine, theirs_)
    assert named.model.temperature == original.model.temperature
    assert named.model.thresholds == original.model.thresholds


def test_its_figures_are_its_makers_word_and_never_counted_as_ours(engine: Engine, shared: Path) -> None:
    result = take(engine, shared, use=True)
    assert result.photos == 24
    assert result.accuracy is not None
    [entry] = engine.collection.models.all()
    assert (entry.held_out_accuracy, entry.photos) == (None, 0)
    assert "From colours.safetensors" in entry.note
    assert f"24 photos, {100 * result.accuracy:.1f} % right" in entry.note


def test_a_model_from_elsewhere_is_not_replaced_without_asking(
    engine: Engine, shared: Path, sorted_photos: Path
) -> None:
    """However good the new one is: nobody knows what the other learned from, and it may know more classes."""
    train_folder(engine, TrainFolderRequest(sorted_photos), silent, CancelToken())
    taken = take(engine, shared, use=True)
    result = retrain(engine, RetrainRequest(), silent, CancelToken())
    assert not result.made_current
    assert result.imported_right == result.held_out == 24  # it was made from photos of the same colours
    assert (now := engine.collection.models.current()) is not None
    assert now.id == taken.model_id
    use_model(engine, result.model_id)  # the person says so
    again = retrain(engine, RetrainRequest(), silent, CancelToken())
    assert again.made_current
    assert again.imported_right is None


def test_its_claim_is_held_against_the_persons_own_photos(engine: Engine, shared: Path, sorted_photos: Path) -> None:
    arrays, metadata = read_bundle(shared)
    turned = metadata["class_names"][1:] + metadata["class_names"][:1]
    write_bundle(shared, arrays, {**metadata, "class_names": turned, "held_out_accuracy": 1.0})
    train_folder(engine, TrainFolderRequest(sorted_photos), silent, CancelToken())
    take(engine, shared, use=True)
    result = retrain(engine, RetrainRequest(), silent, CancelToken())
    assert result.imported_right == 0
    assert result.before is None
    assert not result.made_current


def test_what_its_maker_wrote_is_shown_on_one_line(engine: Engine, shared: Path) -> None:
    arrays, metadata = good_parts()
    write_bundle(
        shared, arrays, {**metadata, "note": "best\n\x1b[2Jever\u202e" + "!" * 1000, "origin": "\x07my\tcollection"}
    )
    result = take(engine, shared)
    assert result.note.startswith("best")
    assert result.note.isprintable()
    assert len(result.note) <= 500
    [entry] = engine.collection.models.all()
    assert entry.note.isprintable()
    assert engine.collection.models.load(entry.id)[1]["origin"] == "my collection"


def test_only_what_was_checked_is_taken_over(engine: Engine, shared: Path) -> None:
    arrays, metadata = good_parts()
    write_bundle(shared, {**arrays, "extra": np.zeros((9, 9), np.int8)}, {**metadata, "extra": {"deep": [[[1]]]}})
    result = take(engine, shared)
    kept, described = engine.collection.models.load(result.model_id)
    assert kept.keys() == arrays.keys()
    assert described.keys() == metadata.keys()


@pytest.mark.parametrize("name", ["tea/hybrid", "Rosa × damascena", "花", "C: third bed", "a.b", "…", "🌼", "and / or"])
def test_ordinary_names_are_accepted(engine: Engine, shared: Path, name: str) -> None:
    arrays, metadata = good_parts()
    write_bundle(shared, arrays, {**metadata, "class_names": [name, *metadata["class_names"][1:]]})
    assert take(engine, shared, use=True).classes[0] == name


def test_a_model_without_weights_is_kept_for_later_but_not_used(
    engine: Engine, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "no weights"))
    arrays, metadata = good_parts()
    narrow = {name: array[..., :512] if array.shape[-1] == 2048 else array for name, array in arrays.items()}
    write_bundle(shared, narrow, {**metadata, "backbone": "resnet18"})
    before = contents(engine.collection)
    with pytest.raises(WeightsMissing, match="ResNet-18"):
        take(engine, shared, use=True)
    assert contents(engine.collection) == before
    result = take(engine, shared)
    assert (result.backbone, result.weights_here) == ("resnet18", False)


def test_cancelled_it_leaves_nothing(engine: Engine, shared: Path) -> None:
    before, cancel = contents(engine.collection), CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        import_model(engine, ImportRequest(shared), silent, cancel)
    assert contents(engine.collection) == before


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One collection for all hostile files: none of them may change it."""
    with Engine(CollectionStore.open(tmp_path_factory.mktemp("kept") / "collection")) as engine:
        engine.collection.models.add(*starter().model.to_bundle())
        engine.collection.classes.add("daisy", ClassOrigin.PERSON)
        yield engine


def test_at_least_fifty_kinds_are_tried() -> None:
    assert len(KINDS) >= 50


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_file_is_refused_with_a_sentence(kept: Engine, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "model.safetensors"
    KINDS[kind](file)
    there, before = sorted(tmp_path.iterdir()), contents(kept.collection)
    tracemalloc.start()
    try:
        with pytest.raises(ModelFileBad) as refused:
            take(kept, file, use=True)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    sentence = str(refused.value).replace(str(file), "FILE")
    assert sentence.startswith("The model file FILE cannot be used: ")
    assert sentence.endswith(".")
    assert sentence.isprintable()
    assert len(sentence) < 300
    assert peak < MAX_MEMORY_BYTES
    assert not (tmp_path / TRACE).exists()
    assert sorted(tmp_path.iterdir()) == there
    assert contents(kept.collection) == before


def test_a_good_file_in_the_same_place_is_accepted(engine: Engine, tmp_path: Path) -> None:
    arrays, metadata = good_parts()
    write_bundle(tmp_path / "model.safetensors", arrays, json.loads(json.dumps(metadata)))
    assert take(engine, tmp_path / "model.safetensors", use=True).made_current
