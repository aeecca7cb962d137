"""Near-copies and folds: found as comparing everything would find them, with next to nothing compared in full."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.features import near_duplicates
from flowersorter.vision.features.cv_folds import assign_folds
from flowersorter.vision.features.near_duplicates import NEAR_COPY, near_duplicate_groups
from flowersorter.vision.features.packed import Features, pack
from flowersorter.vision.features.pca import PCA, Coordinates
from flowersorter.vision.parallel import ThreadPool
from tests.unit.vision.gaussian_clusters import clusters, with_bursts


def grouped(
    features: Features, targets: NDArray[np.intp], known: NDArray[np.intp] | None = None, rank: int = 20
) -> NDArray[np.intp]:
    coordinates = PCA.of(features.unpack(), rank, seed=0).project(features)
    with ThreadPool() as pool:
        return near_duplicate_groups(features, coordinates, targets, pool, CancelToken(), known)


def by_comparing_all(features: Features, targets: NDArray[np.intp]) -> NDArray[np.intp]:
    """The definition: the lowest row that can be reached over pairs of near-copies of one class."""
    rows = features.unpack()
    near = (rows @ rows.T >= NEAR_COPY) & (targets[:, None] == targets)
    groups = np.arange(len(targets))
    for _ in range(len(targets)):
        groups = np.where(near, groups, len(targets)).min(axis=1)
    return groups


def test_bursts_are_found_as_comparing_all_finds_them() -> None:
    examples = with_bursts(clusters(60, spread=1.0), copies=3)
    found = grouped(examples.features, examples.targets)
    np.testing.assert_array_equal(found, by_comparing_all(examples.features, examples.targets))
    assert len(np.unique(found)) == 180


@pytest.mark.parametrize("tile", [(16, 16), (16, 48), (48, 16)])
def test_a_class_of_many_tiles_is_searched_whole(tile: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_duplicates, "_TILE_ROWS", tile[0])
    monkeypatch.setattr(near_duplicates, "_TILE_COLUMNS", tile[1])
    examples = with_bursts(clusters(60, spread=1.0), copies=3)
    found = grouped(examples.features, examples.targets)
    np.testing.assert_array_equal(found, by_comparing_all(examples.features, examples.targets))
    loose = np.where(np.arange(len(found)) % 5 == 0, -1, -2)
    broken = np.isin(found, found[loose == -1])
    np.testing.assert_array_equal(grouped(examples.features, examples.targets, np.where(broken, -1, found)), found)


def test_photos_of_different_classes_are_never_one_group() -> None:
    examples = clusters(10, classes=2)
    twice = pack(np.square(np.concatenate([examples.features.unpack()] * 2)))
    targets = np.repeat([0, 1], 20)
    assert len(np.unique(grouped(twice, targets))) == 40


@pytest.mark.parametrize("spread", [0.0, 0.05, 0.3], ids=["all the same", "nearly all alike", "alike"])
def test_photos_that_are_all_alike_are_grouped_right(spread: float) -> None:
    examples = clusters(150, classes=2, spread=spread)
    found = grouped(examples.features, examples.targets)
    np.testing.assert_array_equal(found, by_comparing_all(examples.features, examples.targets))


def test_a_chain_of_near_copies_is_one_group() -> None:
    turn = np.linspace(0, 1.4, 20)
    features = pack(np.square(np.stack([np.cos(turn), np.sin(turn), 0 * turn], axis=1)))
    assert (features.unpack()[0] * features.unpack()[-1]).sum() < 0.3
    assert np.unique(grouped(features, np.zeros(20, np.intp))).tolist() == [0]


@given(st.integers(0, 10_000), st.floats(0, 0.3))
@settings(max_examples=40)
def test_bringing_groups_up_to_date_finds_what_starting_afresh_finds(seed: int, share: float) -> None:
    draw = np.random.default_rng(seed)
    examples = with_bursts(clusters(20, spread=0.8, seed=seed), copies=3, seed=seed)
    features, before = examples.features, examples.targets
    groups = grouped(features, before)
    moved = draw.random(len(before)) < share
    after = np.where(moved, draw.integers(0, 3, len(before)), before)
    # What has to be looked at again: photos whose class changed, and all that is left of the groups they were in.
    loose = (after != before) | np.isin(groups, groups[after != before])
    np.testing.assert_array_equal(grouped(features, after, np.where(loose, -1, groups)), grouped(features, after))


def test_hardly_a_pair_is_compared_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    examples = with_bursts(clusters(300, spread=1.0, width=256), copies=1)
    compared = _compared_in_full(monkeypatch)
    found = grouped(examples.features, examples.targets, rank=60)
    copies = len(found) - len(np.unique(found))
    assert copies == 300
    assert sum(compared) < 2 * copies, f"of {3 * 400 * 399 // 2} pairs"


def test_one_photo_is_compared_with_its_class_only(monkeypatch: pytest.MonkeyPatch) -> None:
    examples = clusters(200, spread=1.0)
    known = grouped(examples.features, examples.targets)
    known[7] = -1
    looks: list[tuple[int, int]] = []
    original = near_duplicates._Pairs.near

    def near(
        self: near_duplicates._Pairs, rows: NDArray[np.intp], columns: NDArray[np.intp], numbers: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        looks.append((len(rows), len(columns)))
        return original(self, rows, columns, numbers)

    monkeypatch.setattr(near_duplicates._Pairs, "near", near)
    grouped(examples.features, examples.targets, known)
    assert looks == [(1, 200)]


def test_memory_does_not_grow_with_the_square_of_a_class() -> None:
    examples = clusters(4000, classes=1, spread=1.0)
    coordinates = PCA.of(examples.features.unpack()[:500], 20, seed=0).project(examples.features)
    tracemalloc.start()
    with ThreadPool() as pool:
        near_duplicate_groups(examples.features, coordinates, examples.targets, pool, CancelToken())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4000 * 4000 * 4 / 2


def _compared_in_full(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Pairs compared in full, from now on."""
    compared: list[int] = []
    original = near_duplicates._Pairs._in_full

    def in_full(self: near_duplicates._Pairs, a: NDArray[np.intp], b: NDArray[np.intp]) -> NDArray[np.bool_]:
        compared.append(len(a))
        return original(self, a, b)

    monkeypatch.setattr(near_duplicates._Pairs, "_in_full", in_full)
    return compared


def test_what_is_far_apart_in_few_axes_is_far_apart() -> None:
    """The first look may only rule out pairs that are no near-copies."""
    features = with_bursts(clusters(40, spread=1.0), copies=2).features
    axes = PCA.of(features.unpack(), 60, seed=0)
    coordinates: Coordinates = axes.project(features)
    sketch = near_duplicates._Sketch.of(coordinates)
    seen = -2 * sketch.left @ sketch.right.T
    rows = features.unpack()
    truly = np.square(rows[:, None] - rows).sum(axis=2)
    assert (seen <= truly + 1e-4).all()
    assert (seen > 0.06).mean() > 0.9, "else it rules out nothing"


def test_near_copies_stay_in_one_fold() -> None:
    examples = with_bursts(clusters(20, spread=1.0), copies=2)
    groups = grouped(examples.features, examples.targets)
    folds = assign_folds(examples.targets, groups, seed=1)
    for group in np.unique(groups):
        assert len(np.unique(folds[groups == group])) == 1


@given(counts=st.lists(st.integers(1, 40), min_size=2, max_size=6), seed=st.integers(0, 1000))
@settings(max_examples=50)
def test_folds_spread_every_class_evenly(counts: list[int], seed: int) -> None:
    targets = np.repeat(np.arange(len(counts)), counts)
    folds = assign_folds(targets, np.arange(len(targets)), seed)
    for target, count in enumerate(counts):
        sizes = np.bincount(folds[targets == target], minlength=5)
        assert sizes.sum() == count
        assert sizes.max() - sizes.min() <= 1


@given(st.lists(st.integers(1, 6), min_size=1, max_size=30), st.integers(0, 1000))
@settings(max_examples=50)
def test_groups_go_one_by_one_to_the_emptiest_fold(sizes: list[int], seed: int) -> None:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    folds = assign_folds(np.zeros(len(groups), np.intp), groups, seed)
    filled = np.bincount(folds, minlength=5)
    assert filled.max() - filled.min() <= max(sizes)


@given(st.integers(0, 1000))
@settings(max_examples=30)
def test_photos_keep_their_fold_and_new_ones_fill_up(seed: int) -> None:
    draw = np.random.default_rng(seed)
    targets = draw.integers(0, 3, 90)
    groups = np.arange(90)
    new = draw.random(90) < 0.2
    kept = np.where(new, -1, assign_folds(targets, groups, seed))
    folds = assign_folds(targets, groups, seed + 1, kept=kept)
    np.testing.assert_array_equal(folds[~new], kept[~new])
    for target in range(3):
        before = np.bincount(kept[(targets == target) & ~new], minlength=5)
        after = np.bincount(folds[targets == target], minlength=5)
        assert after.max() - after.min() <= max(1, before.max() - before.min())


def test_a_new_near_copy_goes_where_its_group_is() -> None:
    groups = np.array([0, 1, 2, 1, 4, 5])
    kept = np.array([3, 2, 1, -1, 0, 4])
    folds = assign_folds(np.zeros(6, np.intp), groups, seed=0, kept=kept)
    assert folds.tolist() == [3, 2, 1, 2, 0, 4]


def test_photos_that_turn_out_to_be_near_copies_meet_in_the_fold_of_the_first() -> None:
    groups = np.array([0, 1, 2, 0, 0])
    kept = np.array([-1, 2, 1, 4, 3])
    folds = assign_folds(np.zeros(5, np.intp), groups, seed=0, kept=kept)
    assert folds.tolist() == [4, 2, 1, 4, 4]
