"""The figures of an evaluation as SVG: calibration, confidence, learning curve."""

from __future__ import annotations

import math
from collections.abc import Sequence

from flowersorter.domain.figures import CalibrationBin, ConfidenceBar
from flowersorter.workflows.evaluation.axes import count_axis, log_axis, share_axis
from flowersorter.workflows.evaluation.learning_curve import LearningCurve
from flowersorter.workflows.evaluation.svg import Figure

_SMALLEST_PX, _LARGEST_PX = 3.5, 9.0


def percent(share: float) -> str:
    """A share as "91 %"; a dash where there is none."""
    return "–" if math.isnan(share) else f"{round(100 * share)} %"


def calibration_figure(bins: Sequence[CalibrationBin]) -> str:
    """How often it was right against how sure it was, with the diagonal of perfect honesty."""
    figure = Figure(
        "How often it is right, against how sure it is",
        share_axis("How sure it said it was"),
        share_axis("How often it was right"),
        [("measured", "fill"), ("perfectly honest", "soft")],
    )
    figure.line([(figure.x(0), figure.y(0)), (figure.x(1), figure.y(1))], "diagonal")
    figure.line([(figure.x(each.confidence), figure.y(each.accuracy)) for each in bins], "curve")
    for each in bins:
        figure.line([(figure.x(each.confidence), figure.y(bound)) for bound in each.interval], "interval")
    most = max((each.photos for each in bins), default=1)
    for each in bins:
        radius = max(_SMALLEST_PX, _LARGEST_PX * math.sqrt(each.photos / most))
        low, high = each.interval
        words = f"{each.photos} photos: it was {percent(each.confidence)} sure, right {percent(each.accuracy)}"
        words += f"; it could be {percent(low)} to {percent(high)}"
        figure.dot(figure.x(each.confidence), figure.y(each.accuracy), radius, "fill", words)
    return figure.svg()


def confidence_figure(bars: Sequence[ConfidenceBar]) -> str:
    """Right and wrong photos by confidence, on top of each other."""
    figure = Figure(
        "Confidence of right and wrong suggestions",
        share_axis("How sure it said it was"),
        count_axis("Photos", max((each.right + each.wrong for each in bars), default=0)),
        [("wrong", "wrong"), ("right", "right")],
    )
    for each in bars:
        left, right, middle = figure.x(each.low) + 1, figure.x(each.high) - 1, figure.y(each.wrong)
        how_sure = f"{percent(each.low)} to {percent(each.high)} sure"
        if each.wrong:
            words = f"{each.wrong} wrong, {how_sure}"
            figure.bar(left, middle, right, figure.bottom, "wrong", words)
        if each.right:
            top = figure.y(each.wrong + each.right)
            figure.bar(left, top, right, middle, "right", f"{each.right} right, {how_sure}")
    return figure.svg()


def learning_figure(curve: LearningCurve) -> str:
    """How often it was right against labelled photos of each class, with the band of the tries."""
    points = curve.points
    low = math.floor(min(each.low for each in points) * 10) / 10
    figure = Figure(
        "How often it is right, against labelled photos of each class",
        log_axis("Labelled photos of each class", points[0].per_class, points[-1].per_class),
        share_axis("How often it was right", min(low, 0.9)),
        [(f"average of {curve.tries} tries", "fill"), ("worst to best of them", "band")],
    )
    upper = [(figure.x(each.per_class), figure.y(each.high)) for each in points]
    lower = [(figure.x(each.per_class), figure.y(each.low)) for each in reversed(points)]
    figure.area(upper + lower, "band")
    figure.line([(figure.x(each.per_class), figure.y(each.accuracy)) for each in points], "curve")
    for each in points:
        words = f"With {round(each.per_class)} photos of each class {percent(each.accuracy)} right"
        figure.dot(figure.x(each.per_class), figure.y(each.accuracy), 5, "fill", words)
    return figure.svg()
