"""A model card goes with every exported model, and says what it is, how good it is, and how it is used."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from flowersorter.domain.figures import percent_to_tenths
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.exchange.export_model import ExportRequest, ExportResult, export_model
from flowersorter.workflows.exchange.import_model import ImportRequest, import_model
from flowersorter.workflows.exchange.model_card import card_path
from flowersorter.workflows.models.current_model import starter
from tests.stub_network import open_colour_network
from tests.unit.workflows.learned_colours import learned_colours


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return learned_colours(tmp_path_factory.mktemp("learned"))


@pytest.fixture
def opened(learned: Path, tmp_path: Path) -> Iterator[Engine]:
    shutil.copytree(learned / "collection", tmp_path / "collection")
    with Engine(CollectionStore.open(tmp_path / "collection"), open_colour_network) as engine:
        yield engine


def exported(engine: Engine, file: Path) -> ExportResult:
    return export_model(engine, ExportRequest(file), silent, CancelToken())


def split(card: Path) -> tuple[dict[str, Any], str]:
    """The YAML head of a card, and its text."""
    _, head, body = card.read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(head), body


def test_the_card_has_the_figures_of_the_model(opened: Engine, tmp_path: Path) -> None:
    done = exported(opened, tmp_path / "colours.safetensors")
    assert done.card == tmp_path / "colours.safetensors.md"
    head, body = split(done.card)
    assert head["library_name"] == "flowersorter"
    assert head["pipeline_tag"] == "image-classification"
    assert head["model_name"] == "colours"
    assert head["base_model"] == done.backbone
    for name in ("red", "green", "blue"):
        assert f"| {name} | 6 | 1.000 | 1.000 |" in body
    assert "- Photos it learned from: 18" in body
    assert "expected calibration error" in body
    assert "## Licence" in body
    assert 'flowersorter import "colours.safetensors" --use' in body
    assert "The figures hold for photos like those it learned from." in body


def test_an_imported_model_has_no_figures_of_the_one_that_its_labels_would_train(
    opened: Engine, tmp_path: Path
) -> None:
    exported(opened, tmp_path / "colours.safetensors")
    import_model(opened, ImportRequest(tmp_path / "colours.safetensors", use=True), silent, CancelToken())
    done = exported(opened, tmp_path / "again.safetensors")
    assert done.card is not None
    head, body = split(done.card)
    assert "metrics" not in head
    assert "Not measured here: the model was imported." in body
    assert "According to whoever shared it: 18 photos" in body
    assert "the photos it learned from are not known here" in body
    assert "| red |\n" in body
    for figure in ("calibration error", "mean confidence", "recall", "labelled photos", "- Photos it learned from"):
        assert figure not in body
    assert "the temperature" in body, "that of the file"


def test_figures_of_other_labels_than_the_model_learned_are_left_out(opened: Engine, tmp_path: Path) -> None:
    labelled = list(opened.collection.labels.all())
    opened.collection.labels.clear(labelled[:1])
    done = exported(opened, tmp_path / "colours.safetensors")
    assert done.card is not None
    body = split(done.card)[1]
    assert "- Photos it learned from: 18" in body
    assert "of photos it had not seen were right" in body
    for figure in ("calibration error", "mean confidence", "recall"):
        assert figure not in body


def test_a_torchvision_file_has_the_accuracy_of_its_own_last_layer_alone(opened: Engine, tmp_path: Path) -> None:
    done = exported(opened, tmp_path / "colours.pth")
    assert done.card is not None
    assert done.accuracy is not None
    body = split(done.card)[1]
    assert f"{percent_to_tenths(done.accuracy)} of photos it had not seen were right" in body
    assert "| red | 6 |\n" in body
    for figure in ("calibration error", "mean confidence", "temperature", "*sure*", "*likely*", "recall"):
        assert figure not in body


def test_a_card_is_replaced_and_another_file_of_its_name_is_not(opened: Engine, tmp_path: Path) -> None:
    file = tmp_path / "colours.safetensors"
    exported(opened, file)
    assert exported(opened, file).card == card_path(file)
    card_path(file).write_text("my own notes")
    assert exported(opened, file).card is None
    assert card_path(file).read_text() == "my own notes"
    assert file.exists()


def test_names_cannot_break_the_card(opened: Engine, tmp_path: Path) -> None:
    red = opened.collection.classes.find("red")
    assert red is not None
    opened.collection.classes.rename(red.id, "| <b>red</b> | `x` [y](z)")
    done = exported(opened, tmp_path / 'a "b": #c.safetensors')
    assert done.card is not None
    head, body = split(done.card)
    assert head["model_name"] == 'a "b": #c'
    [row] = [line for line in body.splitlines() if "red\\<" in line]
    assert row.startswith(r"| \| \<b\>red\</b\> \| \`x\` \[y\]\(z\) | 6 |")


def test_the_starter_has_a_card_without_figures_of_labels(tmp_path: Path) -> None:
    with Engine(CollectionStore.open(tmp_path / "collection"), open_colour_network) as engine:
        done = exported(engine, tmp_path / "starter.safetensors")
    assert done.card is not None
    body = split(done.card)[1]
    counts = np.bincount(starter().targets)
    for name, photos in zip(starter().model.class_names, counts.tolist(), strict=True):
        assert f"| {name} | {photos} |" in body
    assert "| class | photos it learned from |" in body
    assert counts.sum() == starter().model.training.photos
    assert "calibration error" not in body
    assert "recall" not in body
