"""Subspaces of classes: by definition, of few photos as of many, and a thousand classes without a thousand steps."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.vision.classifier.class_subspaces import CLASS_AXES, ClassSubspaces, squared_residuals
from flowersorter.vision.features.pca import Coordinates
from flowersorter.vision.parallel import ThreadPool

RANK = 24


def labelled(counts: list[int], axes: int = RANK) -> tuple[Coordinates, NDArray[np.intp], NDArray[np.intp]]:
    """Photos in the coordinates of a PCA, shuffled, with their targets and folds."""
    draw = np.random.default_rng(5)
    targets = draw.permutation(np.repeat(np.arange(len(counts)), counts))
    spread = np.linspace(2, 0.2, axes)
    projection = spread * (
        draw.standard_normal((len(counts), axes))[targets] + draw.standard_normal((len(targets), axes))
    )
    inside = np.hstack([projection, np.ones((len(targets), 1))]).astype(np.float32)
    folds = np.empty(len(targets), np.intp)
    for target in range(len(counts)):
        folds[targets == target] = np.arange(np.count_nonzero(targets == target)) % 3
    return Coordinates(inside, draw.random(len(targets)).astype(np.float32)), targets, folds


def residuals_by_definition(
    coordinates: Coordinates, targets: NDArray[np.intp], seen: NDArray[np.bool_], rows: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Distance from the mean and the first axes of the class's own singular value decomposition."""
    result = []
    for row in rows.tolist():
        members = coordinates.projection[seen & (targets == targets[row]), :-1].astype(float)
        mean = members.mean(axis=0)
        _, _, axes = np.linalg.svd(members - mean, full_matrices=False)
        axes = axes[: min(CLASS_AXES, 66 * len(members) // 100)]
        moved = coordinates.projection[row, :-1] - mean
        result.append(coordinates.residual[row] + moved @ moved - np.square(axes @ moved).sum())
    return np.array(result)


def test_a_class_that_is_all_in_the_fold_does_not_move_the_axes() -> None:
    coordinates, targets, folds = labelled([60, 50, 40], axes=2 * RANK)
    moved = coordinates.projection.copy()
    moved[:, :-1] += 3  # the axes are those around the mean
    coordinates = Coordinates(moved, coordinates.residual)
    folds[targets == 2] = 1
    held_out, present = np.flatnonzero((folds == 1) & (targets < 2)), np.flatnonzero(targets < 2)
    with ThreadPool() as pool:
        _, along = ClassSubspaces(coordinates, targets, folds, RANK, pool).without(1, held_out)
        alone = ClassSubspaces(coordinates.take(present), targets[present], folds[present], RANK, pool)
        _, expected = alone.without(1, np.searchsorted(present, held_out))
    np.testing.assert_allclose(np.abs(along.projection), np.abs(expected.projection), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("counts", [[3, 8, 5, 12], [200, 60, 90], [3, 100, 7, 24, 25]], ids=["few", "many", "both"])
def test_distances_are_those_of_the_definition(counts: list[int]) -> None:
    coordinates, targets, folds = labelled(counts)
    with ThreadPool() as pool:
        subspaces = ClassSubspaces(coordinates, targets, folds, RANK, pool)
        everything = squared_residuals(subspaces.of_all(), targets, coordinates)
        held_out = np.flatnonzero(folds == 1)
        spaces, along = subspaces.without(1, held_out)
        without = squared_residuals(spaces, targets[held_out], along)
    rows = np.arange(len(targets))
    expected = residuals_by_definition(coordinates, targets, np.ones(len(targets), np.bool_), rows)
    np.testing.assert_allclose(everything, expected, rtol=1e-3, atol=1e-3)
    expected = residuals_by_definition(coordinates, targets, folds != 1, held_out)
    np.testing.assert_allclose(without, expected, rtol=1e-3, atol=1e-3)


def test_axes_are_chosen_without_the_fold() -> None:
    """From more axes than are kept, the ones along which the other folds vary."""
    coordinates, targets, folds = labelled([6] * 20, axes=2 * RANK)
    coordinates.projection[:, RANK:-1] *= 0.01
    coordinates.projection[folds == 0, RANK] = 100.0  # only the photos held out vary along this one
    with ThreadPool() as pool:
        spaces, along = ClassSubspaces(coordinates, targets, folds, RANK, pool).without(0, np.flatnonzero(folds == 0))
    assert along.projection.shape[1] == RANK + 1
    assert (along.residual > 0.9 * 100.0**2).all()
    assert np.isfinite(spaces[1]).all()


def test_photos_that_are_all_alike_have_no_axes() -> None:
    coordinates, targets, folds = labelled([6, 6])
    coordinates.projection[targets == 0] = coordinates.projection[targets == 0][0]
    with ThreadPool() as pool:
        centres, directions = ClassSubspaces(coordinates, targets, folds, RANK, pool).of_all()
    np.testing.assert_allclose(centres[0], coordinates.projection[targets == 0][0, :-1], rtol=1e-6)
    assert not directions[0].any()
    np.testing.assert_allclose(directions[1, :3] @ directions[1, :3].T, np.eye(3), atol=1e-5)


def test_a_thousand_classes_take_no_decomposition_each(monkeypatch: pytest.MonkeyPatch) -> None:
    coordinates, targets, folds = labelled([6] * 1000)
    calls: list[int] = []
    original = np.linalg.eigh

    def eigh(matrix: NDArray[np.float64]) -> object:
        calls.append(matrix.shape[-1])
        return original(matrix)

    monkeypatch.setattr(np.linalg, "eigh", eigh)
    with ThreadPool() as pool:
        subspaces = ClassSubspaces(coordinates, targets, folds, RANK, pool)
        subspaces.of_all()
        spaces, along = subspaces.without(0, np.flatnonzero(folds == 0))
    assert len(calls) < 10
    assert max(calls) <= 6
    rows = np.flatnonzero(folds == 0)[:50]
    distances = squared_residuals(spaces, targets[folds == 0], along)[:50]
    np.testing.assert_allclose(
        distances, residuals_by_definition(coordinates, targets, folds != 0, rows), rtol=1e-3, atol=1e-3
    )
