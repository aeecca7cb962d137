"""Plain values for scripts, from those of the program."""

from __future__ import annotations

from pathlib import Path

from flowersorter.api.answers import prediction_of
from flowersorter.domain.verdict import Verdict
from flowersorter.messages import text
from flowersorter.workflows.predicting.predict_photos import PhotoPrediction


def test_a_confident_suggestion_that_is_only_likely_says_why() -> None:
    found = PhotoPrediction(
        Path("/a.jpg"), "roses", 0.99, Verdict.LIKELY, (("roses", 0.99),), reason=text("unlike your confirmed photos")
    )
    made = prediction_of(found)
    assert made.reason == "unlike your confirmed photos"
    assert str(made) == "roses (likely; unlike your confirmed photos)", "99 % would contradict it"
    assert prediction_of(PhotoPrediction(Path("/b.jpg"), "roses", 0.99, Verdict.SURE)).reason == ""
