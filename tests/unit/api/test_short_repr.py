"""Results with many photos are shown by their counts."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from flowersorter import (
    ChangedFile,
    EvaluationReport,
    KeywordReport,
    LabelErrorsReport,
    LabelledGroup,
    PhotoGroup,
    ResumeReport,
    SortedPhoto,
    SortReport,
    VerifyReport,
)

_PATHS = tuple(Path(f"/photos/IMG_{number:04}.jpg") for number in range(1000))
_REASONS = dict.fromkeys(_PATHS, "it is empty")


def _sorted(path: Path, action: str) -> SortedPhoto:
    return SortedPhoto(path, "rose", None, action)


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        (
            SortReport(False, 3, (*(_sorted(path, "copy") for path in _PATHS), _sorted(_PATHS[0], "left"))),
            "<SortReport: sort 3, photos 1001, copy 1000, left 1>",
        ),
        (SortReport(True, None, ()), "<SortReport: a plan>"),
        (ResumeReport(3, 7, _REASONS, 0, ""), "<ResumeReport: sort 3, sorted 7, failed 1000>"),
        (KeywordReport(False, (4, 5), _REASONS, {}), "<KeywordReport: sorts 4, 5, written 1000>"),
        (
            VerifyReport(
                1000,
                2,
                2,
                tuple(ChangedFile(path, "rose", 3, "gone", False, None, None, False, "") for path in _PATHS),
                {},
            ),
            "<VerifyReport: 1000 photos, 2 sidecars, intact 2, gone 1000>",
        ),
        (
            PhotoGroup(_PATHS, (("rose", 0.5),), 900),
            "<PhotoGroup: /photos/IMG_0000.jpg, photos 1000, different 900, like rose 0.50>",
        ),
        (LabelledGroup("rose", _PATHS, {}), "<LabelledGroup: rose, labelled 1000>"),
        (
            EvaluationReport(10, 0.9, (0.6, 0.98), {}, {}, 0.1, 0, "", _REASONS),
            "<EvaluationReport: 10 photos, accuracy 0.900 (0.600 to 0.980), unreadable 1000>",
        ),
        (LabelErrorsReport((), 12, 0, None, (), True), "<LabelErrorsReport: 12 labels checked>"),
    ],
)
def test_a_result_is_shown_by_its_counts(result: object, shown: str) -> None:
    assert repr(result).replace("\\", "/") == str(result).replace("\\", "/") == shown
    assert all(hasattr(result, each.name) for each in fields(result))  # type: ignore[arg-type]
