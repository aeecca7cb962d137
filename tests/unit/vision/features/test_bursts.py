"""Bursts: photos of one moment stay together, a series is cut, and a clock that says nothing is not believed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from flowersorter.vision.features.bursts import MOST_PHOTOS, MOST_S, find_bursts
from flowersorter.vision.features.cv_folds import FOLDS
from flowersorter.vision.features.near_duplicates import joined
from flowersorter.vision.features.packed import Features, pack
from tests.unit.vision.gaussian_clusters import clusters, learned


def alike(photos: int) -> Features:
    """Photos of one subject: alike, but no near-copies."""
    draw = np.random.default_rng(0)
    return pack(np.maximum(0, 1 + 0.5 * draw.standard_normal((photos, 64))).astype(np.float32))


def at(*seconds: float) -> NDArray[np.datetime64]:
    """Seconds after some morning; NaN for a photo without a time."""
    morning = np.datetime64("2026-05-01T09:00:00")
    return np.array([np.datetime64("NaT") if np.isnan(s) else morning + int(s) for s in seconds], "datetime64[s]")


def bursts(
    taken: NDArray[np.datetime64],
    features: Features | None = None,
    targets: NDArray[np.intp] | None = None,
    cameras: NDArray[np.intp] | None = None,
) -> list[int]:
    photos = len(taken)
    found: list[int] = find_bursts(
        alike(photos) if features is None else features,
        np.zeros(photos, np.intp) if targets is None else targets,
        taken,
        np.zeros(photos, np.intp) if cameras is None else cameras,
    ).tolist()
    return found


def test_photos_a_few_seconds_apart_are_one_burst() -> None:
    assert bursts(at(0, 1, 3, 60, 62, 120)) == [0, 0, 0, 3, 3, 5]


def test_they_need_not_come_in_the_order_they_were_taken() -> None:
    assert bursts(at(61, 0, 1, 60, 3)) == [3, 1, 1, 3, 1]


def test_another_class_another_camera_and_no_time_are_no_burst() -> None:
    two = np.array([0, 1], np.intp)
    assert bursts(at(0, 0), targets=two) == [0, 1]
    assert bursts(at(0, 0), cameras=two) == [0, 1]
    assert bursts(at(np.nan, np.nan, 0)) == [0, 1, 2]
    assert bursts(at()) == []


def test_a_walk_along_the_flower_bed_is_no_burst() -> None:
    different = pack(np.eye(10, 64, dtype=np.float32))
    assert bursts(at(*range(10)), different) == list(range(10))


def test_photos_that_all_carry_the_time_of_their_export_are_no_burst() -> None:
    scans = pack(np.random.default_rng(1).gamma(0.3, size=(300, 64)).astype(np.float32))
    assert len(set(bursts(at(*[0] * 300), scans))) > 290


def test_a_series_is_cut_so_that_something_can_be_held_out() -> None:
    found = bursts(at(*range(1000)))
    _, sizes = np.unique(found, return_counts=True)
    assert sizes.max() == MOST_S + 1
    assert len(sizes) == -(-1000 // (MOST_S + 1))
    _, sizes = np.unique(bursts(at(*[0] * 1000)), return_counts=True)
    assert sizes.tolist() == [MOST_PHOTOS] * (1000 // MOST_PHOTOS)


@given(st.lists(st.integers(0, 60), max_size=80))
@settings(max_examples=50)
def test_a_burst_is_short_and_of_no_gaps(seconds: list[int]) -> None:
    found = np.array(bursts(at(*seconds)))
    for burst in np.unique(found):
        times = np.sort(np.array(seconds)[found == burst])
        assert times[-1] - times[0] <= MOST_S
        assert len(times) <= MOST_PHOTOS
        assert (np.diff(times) <= 3).all()


def test_groups_and_bursts_that_touch_become_one_group() -> None:
    groups = np.array([0, 0, 2, 3, 4, 4])
    bursts = np.array([0, 1, 1, 3, 3, 5])
    found = joined(groups, bursts)
    assert len({found[0], found[1], found[2]}) == 1
    assert len({found[3], found[4], found[5]}) == 1
    assert found[0] != found[3]
    assert joined(groups, None) is groups


def test_a_burst_is_held_out_as_a_whole_also_after_a_correction() -> None:
    examples = clusters(40)
    moments = replace(examples, bursts=np.arange(120) // 4)
    first = learned(moments)
    changed = moments.targets.copy()
    changed[7] = 1
    again = learned(replace(moments, targets=changed), last=first)
    assert again.state.changed == 1
    for fitted in (first, again):
        folds, targets = fitted.state.folds, fitted.state.targets
        assert len(np.unique(folds)) == FOLDS
        assert moments.bursts is not None
        for burst in np.unique(moments.bursts):
            here = moments.bursts == burst
            for target in np.unique(targets[here]):
                assert len(np.unique(folds[here & (targets == target)])) == 1
    assert len(np.unique(learned(examples).state.folds[:4])) > 1, "else the test says nothing"
