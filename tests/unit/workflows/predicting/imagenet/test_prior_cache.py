"""What ImageNet's layer takes a collection's photos for is worked out once and then read."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.library.collection import CollectionStore
from flowersorter.vision.backbone.registry import finetuned_name
from flowersorter.vision.features.imagenet_prior import IMAGENET_CLASSES, ImageNetPrior, compute_imagenet_prior
from flowersorter.vision.features.views import CENTRE, WIDE
from flowersorter.workflows.predicting.imagenet import prior_cache as module
from flowersorter.workflows.predicting.imagenet.prior_cache import ImageNetPriorCache, layer_of
from tests.unit.library.conftest import sha256_of

BACKBONE = "resnet50"
WIDTH = 12
LAYER = (
    np.random.default_rng(1).standard_normal((IMAGENET_CLASSES, WIDTH)).astype(np.float32),
    np.zeros(IMAGENET_CLASSES, np.float32),
)


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many photos the layer was asked about, call by call."""
    calls: list[int] = []

    def counted(
        embeddings: NDArray[np.float16], layer: tuple[NDArray[np.float32], NDArray[np.float32]]
    ) -> ImageNetPrior:
        calls.append(len(embeddings))
        return compute_imagenet_prior(embeddings, layer)

    monkeypatch.setattr(module, "compute_imagenet_prior", counted)
    monkeypatch.setattr(module, "layer_of", lambda name: LAYER)
    monkeypatch.setattr(module, "_WORTH_WRITING", 10)
    return calls


def put(collection: CollectionStore, numbers: range, view: str = CENTRE) -> list[bytes]:
    hashes = [sha256_of(number) for number in numbers]
    collection.embeddings(BACKBONE).append(hashes, view, embeddings(numbers))
    return hashes


def embeddings(numbers: range) -> NDArray[np.float16]:
    rows = [np.random.default_rng(number).random(WIDTH) for number in numbers]
    return np.array(rows, np.float16).reshape(-1, WIDTH)


def test_many_photos_are_asked_about_once(collection: CollectionStore, asked: list[int]) -> None:
    hashes = put(collection, range(30))
    first = ImageNetPriorCache.of(collection, BACKBONE).get(hashes)
    again = ImageNetPriorCache.of(collection, BACKBONE).get(hashes[::-1])
    assert asked == [30]
    assert first is not None
    assert again is not None
    assert np.array_equal(first.imagenet_ids, compute_imagenet_prior(embeddings(range(30)), LAYER).imagenet_ids)
    assert np.array_equal(first.imagenet_ids, again.imagenet_ids[::-1])
    assert np.array_equal(first.probabilities, again.probabilities[::-1])


def test_a_few_are_asked_about_again_instead_of_being_written_down(
    collection: CollectionStore, asked: list[int]
) -> None:
    hashes = put(collection, range(9))
    for _ in range(2):
        ImageNetPriorCache.of(collection, BACKBONE).get(hashes)
    assert asked == [9, 9]
    assert collection.embeddings(f"{BACKBONE}.imagenet").missing(hashes, CENTRE) == hashes


def test_photos_that_are_not_embedded_are_unknown(collection: CollectionStore) -> None:
    there = put(collection, range(3))
    mirrored_only = put(collection, range(3, 5), WIDE)
    found = ImageNetPriorCache.of(collection, BACKBONE).get([*mirrored_only, *there])
    assert found is not None
    assert found.known.tolist() == [False, False, True, True, True]


def test_of_a_network_trained_here_the_one_it_was_made_from_is_asked(
    collection: CollectionStore, asked: list[int]
) -> None:
    hashes = put(collection, range(4))
    found = ImageNetPriorCache.of(collection, finetuned_name(BACKBONE, 1)).get(hashes)
    assert found is not None
    assert found.known.all()
    assert asked == [4]


def test_without_a_layer_nobody_is_asked(collection: CollectionStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "layer_of", layer_of)
    hashes = put(collection, range(4))
    assert ImageNetPriorCache.of(collection, "resnet18").get(hashes) is None, (
        "its weights are a file of torch's, or not there"
    )
    assert layer_of(finetuned_name(BACKBONE, 1)) is None
    shipped = layer_of(BACKBONE)
    assert shipped is not None
    assert shipped[0].shape == (IMAGENET_CLASSES, 2048)
