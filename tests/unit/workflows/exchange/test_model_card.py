"""A model card goes with every exported model, and says what it is, how good it is, and how it is used."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.exchange.export_model import ExportRequest, ExportResult, export_model
from flowersorter.workflows.exchange.model_card import card_path
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
    assert "| daisy | 0 |" in body
    assert "Measured again" not in body
