"""What ImageNet's layer takes photos for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from flowersorter.domain.verdict import Verdict
from flowersorter.vision.backbone.load_weights import imagenet_layer
from flowersorter.vision.backbone.registry import DEFAULT, backbone
from flowersorter.vision.backbone.weights_files import imagenet_classes
from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.features.imagenet_prior import (
    IMAGENET_CLASSES,
    ImageNetPrior,
    compute_imagenet_prior,
    join_priors,
)
from flowersorter.vision.features.packed import join
from tests.unit.vision.gaussian_clusters import clusters, learned


def seen_as(kinds: list[int], share: float = 0.9) -> ImageNetPrior:
    """Each photo is taken for one class of ImageNet, and a little for the first ones."""
    result = ImageNetPrior.unknown(len(kinds))
    result.imagenet_ids[:] = np.arange(result.imagenet_ids.shape[1])
    result.probabilities[:] = (1 - share) / result.imagenet_ids.shape[1]
    result.imagenet_ids[:, 0], result.probabilities[:, 0] = kinds, share
    return result


def test_the_likeliest_classes_come_first_with_their_probabilities() -> None:
    draw = np.random.default_rng(0)
    embeddings = draw.gamma(0.5, 0.8, (1500, 30))
    layer = (
        draw.standard_normal((IMAGENET_CLASSES, 30)).astype(np.float32),
        draw.standard_normal(IMAGENET_CLASSES).astype(np.float32),
    )
    logits = embeddings @ layer[0].T + layer[1]
    exact = np.exp(logits - logits.max(axis=1, keepdims=True))
    exact /= exact.sum(axis=1, keepdims=True)
    found = compute_imagenet_prior(embeddings, layer)
    chosen = np.take_along_axis(exact, found.imagenet_ids.astype(np.intp), 1)
    # Classes whose logits differ by less than float32 holds may stand in either order.
    np.testing.assert_allclose(chosen, -np.sort(-exact, axis=1)[:, : found.imagenet_ids.shape[1]], rtol=1e-4)
    assert all(len(set(row)) == len(row) for row in found.imagenet_ids.tolist())
    np.testing.assert_allclose(found.probabilities, chosen, atol=1e-3)
    again = ImageNetPrior.from_numbers(found.as_numbers())
    assert np.array_equal(again.imagenet_ids, found.imagenet_ids)
    assert np.array_equal(again.probabilities, found.probabilities)


def test_the_layer_that_ships_calls_its_own_direction_by_its_name() -> None:
    layer = imagenet_layer(backbone(DEFAULT))
    assert layer is not None
    cat = imagenet_classes().index("tabby")
    embedding = np.maximum(layer[0][cat], 0)[None] * 20
    assert compute_imagenet_prior(embedding, layer).imagenet_ids[0, 0] == cat


def test_what_never_came_up_is_more_surprising_than_what_did() -> None:
    labelled = seen_as([5] * 30 + [7] * 10)
    usual = labelled.class_frequency(np.full(40, 1 / 40, np.float32))
    several = join_priors([seen_as([5]), seen_as([7]), seen_as([900]), ImageNetPrior.unknown(1)])
    common, rare, never, unknown = several.surprise(usual)
    assert common < rare < never
    assert np.isnan(unknown)


def test_a_photo_that_looks_like_none_of_them_to_imagenet_is_new_however_near_it_lies() -> None:
    examples = clusters(60, spread=0.3)
    kinds = (10 + examples.targets).tolist()
    features = replace(examples.features, imagenet_prior=seen_as(kinds))
    model = learned(replace(examples, features=features)).model
    fresh = clusters(100, spread=0.3, seed=1)
    known = replace(fresh.features, imagenet_prior=seen_as((10 + fresh.targets).tolist()))
    strange = replace(fresh.features, imagenet_prior=seen_as([281] * len(fresh.targets)))
    assert (predict(model, known).verdicts == Verdict.UNKNOWN).mean() < 0.1
    assert (predict(model, strange).verdicts == Verdict.UNKNOWN).mean() > 0.9
    assert np.array_equal(predict(model, strange).probabilities, predict(model, known).probabilities)


def test_where_nobody_asked_imagenet_nothing_is_held_against_a_photo() -> None:
    examples = clusters(60, spread=0.3)
    asked = learned(replace(examples, features=replace(examples.features, imagenet_prior=seen_as([10] * 180)))).model
    fresh = clusters(100, spread=0.3, seed=1).features
    unknown = replace(fresh, imagenet_prior=ImageNetPrior.unknown(len(fresh)))
    assert np.array_equal(predict(asked, fresh).verdicts, predict(asked, unknown).verdicts)
    never_asked = learned(examples).model
    strange = replace(fresh, imagenet_prior=seen_as([281] * len(fresh)))
    assert np.array_equal(predict(never_asked, fresh).verdicts, predict(never_asked, strange).verdicts)


def test_features_keep_it_when_they_are_taken_and_joined() -> None:
    with_it = replace(clusters(3).features, imagenet_prior=seen_as(list(range(9))))
    both = join([with_it.take(np.array([4, 2])), clusters(1).features])
    assert both.imagenet_prior is not None
    assert both.imagenet_prior.imagenet_ids[:2, 0].tolist() == [4, 2]
    assert both.imagenet_prior.known.tolist() == [True, True, False, False, False]
    assert join([clusters(1).features, clusters(2).features]).imagenet_prior is None


def test_frequencies_of_parts_add_up() -> None:
    draw = np.random.default_rng(4)
    prior = ImageNetPrior.unknown(60)
    prior.imagenet_ids[:] = draw.integers(0, 1000, prior.imagenet_ids.shape)
    prior.probabilities[:] = draw.random(prior.probabilities.shape) / 20
    weights, part = draw.random(60).astype(np.float32), draw.random(60) < 0.3
    sums = [prior.take(rows).class_sums(weights[rows]) for rows in (part, ~part)]
    np.testing.assert_array_equal(np.sum(sums, axis=0).astype(np.float32), prior.class_frequency(weights))
    hidden = np.where(part, np.float32(0), weights)
    np.testing.assert_array_equal(sums[1].astype(np.float32), prior.class_frequency(hidden))
