"""Doubted labels, photos to label next and the learning curve, on clouds of features."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier import learning_curve as curve_module
from flowersorter.vision.classifier.active_selection import doubt_of, next_to_label
from flowersorter.vision.classifier.fit import Fitted
from flowersorter.vision.classifier.label_errors import SHOWN, LabelQuality, Opinions, score_labels
from flowersorter.vision.classifier.learning_curve import Point, PowerLawPosterior, measure_curve
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.training_state import Examples
from flowersorter.vision.features.packed import Features, join, pack
from tests.unit.vision.gaussian_clusters import NAMES, clusters, examples_of, learned, with_bursts


def looked(examples: Examples, own: NDArray[np.bool_] | None = None) -> LabelQuality:
    fitted = learned(examples)
    opinions = Opinions(fitted.held_out.rows, fitted.held_out.logits, fitted.model.temperature)
    own = examples.own if own is None else own
    return score_labels(examples.features, examples.targets, own, opinions, CancelToken())


def flipped(examples: Examples, rows: list[int]) -> Examples:
    targets = examples.targets.copy()
    targets[rows] = (targets[rows] + 1) % 3
    return Examples(examples.ids, examples.features, targets, examples.own)


def test_flipped_labels_come_first_with_the_class_they_had_and_photos_that_tell_why() -> None:
    right, rows = clusters(30), [3, 17, 40, 71, 88]
    wrong = flipped(right, rows)
    look = looked(wrong)
    assert set(look.rows[:5].tolist()) == set(rows)
    assert look.better[:5].tolist() == right.targets[look.rows[:5]].tolist()
    assert (np.diff(look.doubts) <= 0).all()
    assert look.doubts[4] > 0.5
    for number in range(5):
        row = look.rows[number]
        assert (wrong.targets[look.like_better[number]] == look.better[number]).all()
        assert (wrong.targets[look.like_label[number]] == wrong.targets[row]).all()
        assert row not in look.like_label[number]
        assert row not in look.like_better[number]


def test_where_every_label_is_right_nothing_is_suspicious() -> None:
    look = looked(clusters(20, spread=0.2))
    assert look.suspicious == 0
    assert len(look.rows) == 60


def test_a_burst_that_was_filed_wrong_as_a_whole_does_not_vouch_for_itself() -> None:
    right = with_bursts(clusters(20), copies=4)
    copies = np.flatnonzero(right.ids > 60)
    burst = [0, *copies[:4].tolist()]
    look = looked(flipped(right, burst))
    assert set(burst) <= set(look.rows[: look.suspicious].tolist())


def test_photos_of_the_starter_vote_but_are_neither_doubted_nor_shown() -> None:
    wrong = flipped(clusters(20), [0, 30])
    own = np.arange(60) % 2 == 0
    own[[0, 30]] = [False, True]
    look = looked(wrong, own)
    assert own[look.rows].all()
    assert look.rows[0] == 30
    for shown in (look.like_label, look.like_better):
        assert own[shown[shown >= 0]].all()


def test_where_there_are_fewer_look_alikes_the_rest_is_marked() -> None:
    examples = clusters(20)
    few = np.concatenate([np.arange(2), np.arange(20, 60)])
    sparse = examples_of(examples.features.take(few), examples.targets[few])
    opinions = Opinions(np.arange(len(few)), np.tile(np.array([0, 1, 0], np.float32), (len(few), 1)), 1.0)
    look = score_labels(sparse.features, sparse.targets, sparse.own, opinions, CancelToken())
    of_the_two = np.flatnonzero(look.rows < 2)
    assert ((look.like_label[of_the_two] >= 0).sum(axis=1) == 1).all()
    assert look.like_label.shape == (len(few), SHOWN)


def test_only_the_least_liked_of_very_many_labels_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowersorter.vision.classifier.label_errors._ALL_UP_TO", 10)
    look = looked(flipped(clusters(30), [5, 50]))
    assert len(look.rows) == 22
    assert set(look.rows[:2].tolist()) == {5, 50}


def test_nothing_held_out_nothing_doubted_and_a_second_look_can_be_stopped() -> None:
    examples, nothing = clusters(4), np.empty(0, np.intp)
    empty = Opinions(nothing, np.empty((0, 3), np.float32), 1.0)
    look = score_labels(examples.features, examples.targets, examples.own, empty, CancelToken())
    assert len(look.rows) == 0
    assert look.suspicious == 0
    stop = CancelToken()
    stop.cancel()
    all_of_them = Opinions(np.arange(12), np.zeros((12, 3), np.float32), 1.0)
    with pytest.raises(Cancelled):
        score_labels(examples.features, examples.targets, examples.own, all_of_them, stop)


# -- which photos to label next


def around(centre: int, count: int, *, spread: float, seed: int = 0) -> Features:
    draw = np.random.default_rng(seed)
    middle = np.where(np.arange(64) // 6 == centre, 1.0, 0.05)
    return pack(np.maximum(0, middle + spread * draw.standard_normal((count, 64))))


def chosen(candidates: Features, doubts: list[float], labelled: Features, count: int) -> list[int]:
    rows = next_to_label(candidates, np.array(doubts, np.float32), labelled, count, CancelToken())
    return [int(row) for row in rows]


def test_each_crowd_is_asked_about_once_before_any_is_asked_about_twice() -> None:
    crowds = join([around(centre, 12, spread=0.05, seed=centre) for centre in range(4)])
    selected = chosen(crowds, [1.0] * 48, around(9, 3, spread=0.05), 4)
    assert sorted(row // 12 for row in selected) == [0, 1, 2, 3]


def test_what_is_labelled_already_is_not_asked_about_again_nor_are_its_copies() -> None:
    known, unknown = around(0, 12, spread=0.05), around(1, 12, spread=0.05)
    assert all(row >= 12 for row in chosen(join([known, unknown]), [1.0] * 24, known.take(slice(0, 3)), 1))


def test_of_two_crowds_the_one_in_doubt_is_asked_about() -> None:
    crowds = join([around(0, 12, spread=0.05), around(1, 12, spread=0.05)])
    assert all(row >= 12 for row in chosen(crowds, [0.1] * 12 + [0.9] * 12, around(9, 3, spread=0.05), 1))


def test_a_shot_like_no_other_comes_after_the_crowds_however_doubtful() -> None:
    odd = around(7, 1, spread=0.05)
    crowds = join([odd, *(around(centre, 10, spread=0.15, seed=centre) for centre in (0, 1))])
    selected = chosen(crowds, [1.0] + [0.6] * 20, around(0, 2, spread=0.15, seed=50), 2)
    assert 0 not in selected


def test_every_photo_is_asked_for_once_even_when_nothing_is_in_doubt() -> None:
    crowd = around(0, 7, spread=0.1)
    assert sorted(chosen(crowd, [0.0] * 7, crowd.take(slice(0, 1)), 10)) == list(range(7))
    assert chosen(crowd.take(slice(0, 0)), [], crowd, 10) == []


def test_doubt_is_how_near_the_second_guess_comes_to_the_first() -> None:
    shares = np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [0.6, 0.1, 0.3]], np.float32)
    np.testing.assert_allclose(doubt_of(shares), [1.0, 0.0, 0.7], atol=1e-6)
    assert doubt_of(np.ones((3, 1), np.float32)).tolist() == [1, 1, 1]


# -- the learning curve


def law(photos: float) -> float:
    return 0.04 + 0.9 * float(photos**-0.6)


def test_points_on_a_power_law_foretell_what_it_brings() -> None:
    curve = PowerLawPosterior(tuple(Point(n, law(n), 0.004) for n in (20, 40, 80, 160)))
    for later in (170, 220, 320):
        gain = curve.gain(160, later)
        assert gain.low <= law(160) - law(later) <= gain.high
        assert gain.low <= gain.likely <= gain.high
        assert gain.likely > 0
    relative = curve.relative_gain(160, 320)
    assert relative.low <= 1 - law(320) / law(160) <= relative.high


def test_a_flat_curve_promises_nothing_and_noisy_points_promise_little_for_sure() -> None:
    flat = PowerLawPosterior(tuple(Point(n, 0.1, 0.002) for n in (50, 100, 200, 400)))
    assert flat.gain(400, 410).likely < 0.001
    noisy, clear = (
        PowerLawPosterior(tuple(Point(n, law(n), each) for n in (10, 20, 40))).gain(40, 80) for each in (0.2, 0.005)
    )
    assert noisy.high - noisy.low > 1.25 * (clear.high - clear.low)


def test_the_luck_of_the_draw_is_part_of_what_may_come() -> None:
    """Two labels more or less of 40 are another model, however well the law is known."""
    draw = np.random.default_rng(0)
    curve = PowerLawPosterior(tuple(Point(n, law(n), 0.002) for n in (20, 30, 40)))
    gain = curve.gain(40, 80)
    # Each label is a sample of what fits err by: a fit of the first 40 of 80 errs by the mean of these.
    samples = law(40) * (1 + draw.standard_normal((2000, 80)))
    gains = samples[:, :40].mean(axis=1) - samples.mean(axis=1) * law(80) / law(40)
    inside = (gains >= gain.low) & (gains <= gain.high)
    assert 0.9 < inside.mean() < 0.995
    later = curve.gain(4000, 4040)
    assert later.high - later.low < (gain.high - gain.low) / 20


def test_near_copies_are_on_one_side_of_the_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    taught: list[set[int]] = []
    measured: list[set[int]] = []
    learn = curve_module._learn

    def watched_learn(*given: object) -> Fitted:
        rows = given[2]
        assert isinstance(rows, np.ndarray)
        taught.append(set(groups[rows].tolist()))
        return learn(*given)  # type: ignore[arg-type]  # as they came

    def watched_error(_model: Model, _examples: Examples, rows: NDArray[np.intp]) -> float:
        measured.append(set(groups[rows].tolist()))
        return 0.1

    monkeypatch.setattr(curve_module, "_learn", watched_learn)
    monkeypatch.setattr(curve_module, "_error", watched_error)
    groups = np.arange(60) // 3
    measure_curve(clusters(20), NAMES, (0.9, 60), CancelToken(), groups=groups)
    assert len(taught) == len(measured) > 20
    assert all(one.isdisjoint(other) for one, other in zip(taught, measured, strict=True))
    taught.clear()
    measured.clear()
    measure_curve(clusters(20), NAMES, (0.9, 60), CancelToken())
    assert any(one & other for one, other in zip(taught, measured, strict=True)), "else the test says nothing"


def test_no_mistake_at_all_is_a_curve_too() -> None:
    gain = PowerLawPosterior((Point(40, 0.0, 0.05),)).gain(50, 60)
    assert 0 <= gain.likely < 0.005


def test_a_curve_is_measured_on_photos_the_fits_had_not_seen() -> None:
    examples = clusters(20, spread=0.9)
    curve = measure_curve(examples, NAMES, (0.9, 60), CancelToken())
    sizes = [point.photos for point in curve.points]
    assert sizes == sorted(sizes)
    assert sizes[-1] == pytest.approx(48)
    assert curve.points[0].error > curve.points[-2].error, "more photos, fewer mistakes"
    again = measure_curve(examples, NAMES, (0.9, 60), CancelToken())
    assert again.points == curve.points


def test_photos_of_the_starter_are_in_every_subset_and_never_measured_on() -> None:
    examples = clusters(12)
    own = np.arange(36) % 12 < 4
    mixed = Examples(examples.ids, examples.features, examples.targets, own)
    curve = measure_curve(mixed, NAMES, (1.0, 12), CancelToken())
    assert all(point.photos > 24 for point in curve.points)
