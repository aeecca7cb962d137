"""Builds the charts: calibration, confidence histogram, learning curve, epochs of deep training."""

from __future__ import annotations

import math
from collections.abc import Sequence

from flowersorter.domain.figures import CalibrationBin, ConfidenceBar, Epoch, percent
from flowersorter.messages import Text, plural, text
from flowersorter.workflows.evaluation.charts.axes import count_axis, log_axis, share_axis
from flowersorter.workflows.evaluation.charts.scene import Area, Bar, Dot, Key, Line, Role, Scene
from flowersorter.workflows.evaluation.learning_curve import LearningCurve, LearningPoint

_SMALLEST_PX, _LARGEST_PX = 3.5, 9.0
_LEARNING_PX = 5.0
_EPOCH_PX, _BEST_EPOCH_PX = 4.5, 6.5
#: Least share by which the lowest epoch is above the axis.
_ABOVE_AXIS = 0.02
#: Highest start of the axis of a curve.
_HIGHEST_START = 0.9


def calibration_scene(bins: Sequence[CalibrationBin]) -> Scene:
    """A dot for each interval of confidence, its area by its photos; on the diagonal the confidence is right.

    The line through a dot is the 95 % interval of its accuracy.

    Args:
        bins: The intervals that have photos, from unsure to sure.
    """
    most = max((each.photos for each in bins), default=1)
    points = tuple((each.confidence, each.accuracy) for each in bins)
    intervals = [tuple((each.confidence, bound) for bound in each.interval) for each in bins]
    radii = [max(_SMALLEST_PX, _LARGEST_PX * math.sqrt(each.photos / most)) for each in bins]
    return Scene(
        text("Accuracy against confidence"),
        share_axis(text("Confidence")),
        share_axis(text("Accuracy")),
        (Key(text("measured"), Role.ACCENT), Key(text("perfect match"), Role.GUIDE, line=True)),
        (
            Line(((0, 0), (1, 1)), Role.GUIDE, 1.5, dashed=True),
            *(Line(interval, Role.ACCENT, 1) for interval in intervals),
            Line(points, Role.ACCENT, 1.5),
            *(
                Dot(point, radius, Role.ACCENT, _calibration_text(each))
                for point, radius, each in zip(points, radii, bins, strict=True)
            ),
        ),
    )


def _calibration_text(each: CalibrationBin) -> Text:
    low, high = each.interval
    return text(
        "{photos}: confidence {confidence}, right {accuracy} of the time (between {low} and {high})",
        photos=_photos(each.photos),
        confidence=percent(each.confidence),
        accuracy=percent(each.accuracy),
        low=percent(low),
        high=percent(high),
    )


def confidence_parts(bars: Sequence[ConfidenceBar]) -> list[tuple[ConfidenceBar, bool]]:
    """The parts of the bars that have photos: (bar, whether it is its right part), in the order of the marks."""
    return [(each, right) for each in bars for right in (False, True) if (each.right if right else each.wrong)]


def confidence_scene(bars: Sequence[ConfidenceBar]) -> Scene:
    """A bar for each interval of confidence: wrong photos at its foot, where even few are visible, right ones above.

    Args:
        bars: All intervals, from unsure to sure.
    """
    return Scene(
        text("Confidence of right and wrong suggestions"),
        share_axis(text("Confidence")),
        count_axis(text("Photos"), max((each.right + each.wrong for each in bars), default=0)),
        (Key(text("wrong"), Role.WRONG), Key(text("right"), Role.RIGHT)),
        tuple(_confidence_bar(each, right) for each, right in confidence_parts(bars)),
    )


def _confidence_bar(of: ConfidenceBar, right: bool) -> Bar:
    values = {"low": percent(of.low), "high": percent(of.high)}
    if right:
        words = text("{photos} right, confidence {low} to {high}", photos=_photos(of.right), **values)
        return Bar(of.low, of.high, of.wrong, of.wrong + of.right, Role.RIGHT, words)
    words = text("{photos} wrong, confidence {low} to {high}", photos=_photos(of.wrong), **values)
    return Bar(of.low, of.high, 0, of.wrong, Role.WRONG, words)


def learning_scene(curve: LearningCurve) -> Scene:
    """A dot for each number of photos per class, with the band between the worst and the best model."""
    points = curve.points
    averages = tuple((each.per_class, each.accuracy) for each in points)
    best = [(each.per_class, each.high) for each in points]
    worst = [(each.per_class, each.low) for each in reversed(points)]
    return Scene(
        text("Accuracy against labelled photos per class"),
        log_axis(text("Labelled photos per class"), points[0].per_class, points[-1].per_class),
        share_axis(text("Accuracy"), _tenth_below(min(each.low for each in points))),
        (
            Key(text("average of {tries} tries", tries=curve.tries), Role.ACCENT, line=True),
            Key(text("worst to best"), Role.BAND),
        ),
        (
            Area((*best, *worst), Role.BAND),
            Line(averages, Role.ACCENT),
            *(
                Dot(point, _LEARNING_PX, Role.ACCENT, _learning_text(each))
                for point, each in zip(averages, points, strict=True)
            ),
        ),
    )


def _learning_text(each: LearningPoint) -> Text:
    return text(
        "With {labelled} per class, {accuracy} are right ({low} to {high}); {wrong} of {measured} wrong",
        labelled=_photos(round(each.per_class)),
        accuracy=percent(each.accuracy),
        low=percent(each.low),
        high=percent(each.high),
        wrong=_grouped(each.measured - each.right),
        measured=_photos(each.measured),
    )


def epoch_scene(epochs: Sequence[Epoch], of: int) -> Scene:
    """A dot for each finished epoch, with a mark on the kept one; the line across is the network before training.

    Args:
        epochs: The finished ones, number 0 first.
        of: Number of all epochs.
    """
    best = max((at for at, each in enumerate(epochs) if each.number and each.best), default=0)
    low = min((each.accuracy for each in epochs), default=1.0) - _ABOVE_AXIS
    across = count_axis(text("Epoch"), of)
    points = tuple((each.number, each.accuracy) for each in epochs)
    start = [Line(((across.low, y), (across.high, y)), Role.GUIDE, 1.5, dashed=True) for _, y in points[:1]]
    return Scene(
        text("Accuracy after each epoch"),
        across,
        share_axis(text("Accuracy"), _tenth_below(low)),
        (
            Key(text("while training"), Role.ACCENT, line=True),
            Key(text("this epoch is kept"), Role.RIGHT),
            Key(text("the network as it was"), Role.GUIDE, line=True),
        ),
        (
            *start,
            Line(points, Role.ACCENT),
            *(_epoch_dot(each, best=at == best > 0) for at, each in enumerate(epochs)),
        ),
    )


def _epoch_dot(each: Epoch, *, best: bool) -> Dot:
    values = {
        "number": each.number,
        "right": _grouped(each.held_out_right),
        "held_out": _photos(each.held_out),
        "accuracy": percent(each.accuracy),
    }
    if each.number == 0:
        words = text("Before the first epoch {right} of {held_out} were right ({accuracy})", **values)
    elif best:
        words = text("After epoch {number}, {right} of {held_out} were right ({accuracy}); it is kept", **values)
    else:
        words = text("After epoch {number}, {right} of {held_out} were right ({accuracy})", **values)
    at = (each.number, each.accuracy)
    return Dot(at, _BEST_EPOCH_PX, Role.RIGHT, words) if best else Dot(at, _EPOCH_PX, Role.ACCENT, words)


def _tenth_below(lowest: float) -> float:
    """Start of an axis of accuracy: the tenth below, as the points of a curve are near one another."""
    return max(0.0, min(math.floor(lowest * 10) / 10, _HIGHEST_START))


def _photos(count: int) -> Text:
    return plural("1 photo", "{count} photos", count, count=_grouped(count))


def _grouped(count: int) -> str:
    return f"{count:,}"
