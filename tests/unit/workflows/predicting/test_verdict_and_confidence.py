"""The confidence beside a verdict does not contradict it: it is explained, or not shown as a number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flowersorter.domain.verdict import DEFAULT_SURE_PRECISION, Caveat, Verdict, has_percentage
from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.predict import LEAST_LIKELY, MAYBE_UNKNOWN, caveats_of, verdicts_of
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
    model = replace(model, ood_detector=replace(model.ood_detector, familiar=1.0))
    verdicts = np.array([Verdict.LIKELY, Verdict.SURE, Verdict.LIKELY], np.uint8)
    confidence = np.array([0.99, 0.99, model.thresholds.sure - 0.01], np.float32)
    said = {name: np.full(3, value) for name, value in {"ood_score": 0.0, **given}.items()}
    found = caveats_of(model, verdicts, confidence, **said)
    assert [Caveat(caveat).reason for caveat in found.tolist()] == [expected, "", ""]


def test_43_per_cent_against_39_is_neither_likely_nor_sure_whatever_was_right_before() -> None:
    model = starter().model
    model = replace(model, thresholds=replace(model.thresholds, sure=0.41, likely=0.40))
    confidence = np.array([0.43, LEAST_LIKELY], np.float32)
    assert verdicts_of(model, confidence, np.zeros(2, np.float32)).tolist() == [Verdict.UNSURE, Verdict.SURE]


def test_a_photo_that_is_perhaps_of_none_of_the_classes_is_likely_only_if_its_class_is() -> None:
    """Its probability is one of the classes; with the chance of none of them 75 % are not more than half."""
    model = starter().model
    model = replace(model, thresholds=replace(model.thresholds, likely=LEAST_LIKELY, sure=0.9))
    confidence, unknown = np.array([0.75, 0.75, 0.95], np.float32), np.array([0.1, 0.4, 0.4], np.float32)
    verdicts = verdicts_of(model, confidence, np.zeros(3, np.float32), unknown)
    assert verdicts.tolist() == [Verdict.LIKELY, Verdict.UNSURE, Verdict.UNSURE]
    caveats = caveats_of(model, verdicts, confidence, np.zeros(3, np.float32), unknown)
    assert caveats.tolist() == [Caveat.NONE, Caveat.UNKNOWN_IN_FOLDER, Caveat.UNKNOWN_IN_FOLDER]


def test_a_percentage_below_the_promise_is_not_shown_beside_sure() -> None:
    assert not has_percentage(Verdict.SURE, 0.65, DEFAULT_SURE_PRECISION)
    assert has_percentage(Verdict.SURE, 0.97, DEFAULT_SURE_PRECISION)
    assert has_percentage(Verdict.LIKELY, 0.65, DEFAULT_SURE_PRECISION)
    assert not has_percentage(Verdict.UNKNOWN, 0.85, DEFAULT_SURE_PRECISION), "85 % tulips, and none of the classes"
    assert has_percentage(Verdict.UNSURE, 0.45, DEFAULT_SURE_PRECISION)
    assert not has_percentage(Verdict.UNSURE, 0.99, DEFAULT_SURE_PRECISION), "99 %, and not sure"
    assert not has_percentage(Verdict.LIKELY, 0.99, DEFAULT_SURE_PRECISION, with_reason=True)


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
    assert any(each.caveat is Caveat.BELOW_PRECISION for each in sure), "else the test says nothing"
    assert any(each.caveat.reason for each in likely), "else the test says nothing"
    lowest = min(each.top[0][1] for each in sure)
    assert all(each.caveat.reason for each in likely if each.top[0][1] >= lowest)
    below = [each for each in sure if each.top[0][1] < DEFAULT_SURE_PRECISION]
    assert [each for each in sure if each.caveat is Caveat.BELOW_PRECISION] == below
    assert not any(each.caveat.reason for each in sure)
