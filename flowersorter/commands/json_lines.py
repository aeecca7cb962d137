"""One JSON object for each photo, as the stable contract of the command line has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from flowersorter.domain.verdict import Verdict
from flowersorter.photos.scan import looks_like_photo
from flowersorter.workflows.predicting.photo_details import TOP_GUESSES
from flowersorter.workflows.predicting.predict_folder import PredictFolderResult

_DIGITS = 6


def photo_line(
    path: Path,
    class_name: str | None,
    confidence: float | None,
    verdict: Verdict,
    top: Sequence[tuple[str, float]],
    looks_like: str = "",
) -> dict[str, Any]:
    """Describe a photo that could be read; of one that is new, also what it looks like."""
    line: dict[str, Any] = {
        "path": str(path),
        "class": class_name,
        "confidence": None if confidence is None else round(confidence, _DIGITS),
        "verdict": verdict.word,
        "top": [[name, round(share, _DIGITS)] for name, share in top],
    }
    if verdict is Verdict.NEW:
        line["looks_like"] = looks_like or None
    return line


def unreadable_line(path: Path, error: str) -> dict[str, Any]:
    """Describe a photo that could not be read."""
    return {"path": str(path), "error": error}


def label_lines(
    result: PredictFolderResult, names: Mapping[int, str], looks_like: Mapping[int, str], *, labels_count: bool
) -> Iterator[dict[str, Any]]:
    """Describe every photo of a folder, in the scan's order.

    Args:
        result: The folder.
        names: Class names by id.
        looks_like: What new photos look like, by photo id.
        labels_count: Whether a label replaces the guess, as it does for filing.
    """
    rows = result.rows
    for i, (path, error) in enumerate(zip(rows.paths, rows.errors, strict=True)):
        if error is not None:
            yield unreadable_line(path, error)
            continue
        guesses = result.guesses.top(int(rows.photo_ids[i]), TOP_GUESSES) if result.guesses else ()
        top = [(names[class_id], share) for class_id, share in guesses]
        if labels_count and rows.label_ids[i]:
            yield photo_line(path, names[int(rows.label_ids[i])], 1.0, Verdict.SURE, top)
        elif rows.class_ids[i]:
            guess = names[int(rows.class_ids[i])]
            verdict, like = Verdict(int(rows.verdicts[i])), looks_like.get(int(rows.photo_ids[i]), "")
            yield photo_line(path, guess, float(rows.confidences[i]), verdict, top, like)
        else:
            yield photo_line(path, None, None, Verdict.NONE, top)
    for path, reason in lost_photos(result):
        yield unreadable_line(path, reason)


def lost_photos(result: PredictFolderResult) -> list[tuple[Path, str]]:
    """Files named like photos that the scan could not even look at."""
    return [(path, reason) for path, reason in result.problems if looks_like_photo(path)]
