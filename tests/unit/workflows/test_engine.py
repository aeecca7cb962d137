"""The engine: what it keeps in memory of a collection, and that it keeps none of it once it is closed."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowersorter.domain.verdict import DEFAULT_SURE_PRECISION
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.models.sure_precision import set_sure_precision, sure_precision
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from flowersorter.workflows.training.train import TrainFolderRequest, train_folder
from tests.stub_network import open_colour_network

CACHES = ("last_fit", "unknown_photos", "folder_terms", "last_model", "chosen_precision", "finetuned_backbones")


def test_a_closed_engine_keeps_nothing_of_its_collection(tmp_path: Path, sorted_photos: Path, photos: Path) -> None:
    with Engine(CollectionStore.open(tmp_path / "collection"), open_colour_network) as engine:
        train_folder(engine, TrainFolderRequest(sorted_photos), silent, CancelToken())
        predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken())
        assert engine.last_fit is not None
        assert engine.last_model is not None
        assert engine.unknown_photos is not None
        assert engine.folder_terms is not None
        assert engine.chosen_precision == DEFAULT_SURE_PRECISION
    assert not any(getattr(engine, name) for name in CACHES)
    with CollectionStore.open(tmp_path / "collection") as again:  # it can be opened again: the lock is gone
        assert len(again.models.all()) == 1


def test_two_engines_share_nothing(tmp_path: Path) -> None:
    with (
        Engine(CollectionStore.open(tmp_path / "one")) as one,
        Engine(CollectionStore.open(tmp_path / "another")) as another,
    ):
        set_sure_precision(one, 0.99)
        assert (sure_precision(one), sure_precision(another)) == (0.99, DEFAULT_SURE_PRECISION)
        assert one.features("resnet50") is one.features("resnet50")
        assert one.features("resnet50") is not another.features("resnet50")


def test_what_goes_wrong_in_an_open_engine_still_closes_it(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Engine(CollectionStore.open(tmp_path / "collection")):
        _ = 1 / 0
    CollectionStore.open(tmp_path / "collection").close()
