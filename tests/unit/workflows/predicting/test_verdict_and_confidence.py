"""The confidence beside a verdict does not contradict it: it is explained, or not shown as a number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flowersorter.domain.verdict import DEFAULT_SURE_PRECISION, Verdict, has_percentage
from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.predict import MAYBE_UNKNOWN, reason_not_sure
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.models.current_model import NamedModel, starter
from flowersorter.workflows.predicting.photo_details import details
from flowersorter.workflows.predicting.predict_folder import predict_together
from tests.unit.workflows.predicting.test_folder_accuracy import photos, taught, unlabelled

__all__ = ["taught"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"ood_score": 2.0}, "unlike your confirmed photos"),
        ({"unknown": MAYBE_UNKNOWN + 0.01}, "in a folder with photos of none of your classes"),
        ({"sure_from": 0.995}, "in a folder that differs from your confirmed photos"),
        ({"rejected": True}, "you rejected another suggestion"),
        ({}, "less clear without the other photos of its folder"),
    ],
)
def test_each_reason_for_less_than_sure_is_said(given: dict[str, float], expected: str) -> None:
    model = starter().model
    model = replace(model, novelty=replace(model.novelty, familiar=1.0))
    said = {"ood_score": 0.0, **given}
    assert reason_not_sure(model, Verdict.LIKELY, 0.99, **said) == expected  # type: ignore[arg-type]
    assert reason_not_sure(model, Verdict.SURE, 0.99, **said) == ""  # type: ignore[arg-type]
    below = model.thresholds.sure - 0.01
    assert reason_not_sure(model, Verdict.LIKELY, below, **said) == ""  # type: ignore[arg-type]


def test_a_percentage_below_the_promise_is_not_shown_beside_sure() -> None:
    assert not has_percentage(Verdict.SURE, 0.65, DEFAULT_SURE_PRECISION)
    assert has_percentage(Verdict.SURE, 0.97, DEFAULT_SURE_PRECISION)
    assert has_percentage(Verdict.LIKELY, 0.65, DEFAULT_SURE_PRECISION)


def test_no_sure_photo_shows_less_than_a_likely_one_without_a_reason(
    engine: Engine, taught: NamedModel, tmp_path: Path
) -> None:
    ids = unlabelled(engine, tmp_path / "same", photos(40, 1))
    places = engine.collection.photos.places_under(tmp_path / "same")
    predict_together(engine, places, "resnet50", CancelToken())
    shown = [details(engine, place_id) for place_id in places.ids.tolist()]
    sure = [each for each in shown if each.verdict is Verdict.SURE]
    likely = [each for each in shown if each.verdict is Verdict.LIKELY]
    assert len(shown) == len(ids)
    assert any(not each.has_percentages for each in sure), "else the test says nothing"
    assert any(each.reason for each in likely), "else the test says nothing"
    lowest = min(each.top[0][1] for each in sure)
    assert all(each.reason for each in likely if each.top[0][1] >= lowest)
    assert all(each.has_percentages == (each.top[0][1] >= DEFAULT_SURE_PRECISION) for each in sure)
    assert not any(each.reason for each in sure)
