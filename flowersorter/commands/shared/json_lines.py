"""Describes each photo as a JSON object: the stable contract of the command line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_answers import NO_ANSWERS, Mark, PhotoAnswers
from flowersorter.domain.photo_rows import TOP_SUGGESTIONS
from flowersorter.domain.verdict import Verdict
from flowersorter.photos.scan import looks_like_photo
from flowersorter.workflows.models.current_model import ModelName, NamedModel, chosen_backbone, model_for

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine
    from flowersorter.workflows.labelling.left_out import LeftOut
    from flowersorter.workflows.predicting.predict_folder import PredictFolderResult

_DIGITS = 6

_WORDS = tuple(verdict.word for verdict in Verdict if verdict is not Verdict.NONE)


def model_used(engine: Engine, backbone: str | None) -> NamedModel | None:
    """Find the model that suggests classes for a backbone; None for the collection's own choice of backbone."""
    return model_for(engine, chosen_backbone(engine.collection, backbone))


def model_fields(named: NamedModel | None) -> dict[str, Any]:
    """Describe the model that made the suggestions, for the summary object."""
    return {
        "model": None if named is None else named.name,
        "model_created_at": None if named is None else named.created_at or None,
    }


def photo_line(
    path: Path,
    class_name: str | None,
    confidence: float | None,
    verdict: Verdict,
    top: Sequence[tuple[str, float]],
    looks_like: str = "",
    *,
    label: tuple[str, LabelOrigin] | None = None,
    model: ModelName | None = None,
    remark: str | None = None,
) -> dict[str, Any]:
    """Describe a photo that could be read.

    Args:
        path: The photo.
        class_name: Its class; None where the model suggests none.
        confidence: The probability of that class.
        verdict: How reliable it is.
        top: (class name, probability), likeliest first.
        looks_like: The ImageNet class that an unknown photo resembles; "" for none.
        label: The class it was labelled with, and by whom.
        model: The model that suggested a class.
        remark: The fault of a file that decodes all the same.
    """
    line: dict[str, Any] = {
        "path": str(path),
        "class": class_name,
        "confidence": None if confidence is None else round(confidence, _DIGITS),
        "verdict": verdict.word,
        "top": [[name, round(share, _DIGITS)] for name, share in top],
        "label": None if label is None else label[0],
        "by": label[1].value if label is not None else "model" if class_name is not None else None,
        "model": model if top else None,
    }
    if verdict is Verdict.UNKNOWN:
        line["looks_like"] = looks_like or None
    if remark is not None:
        line["remark"] = remark
    return line


def answer_fields(answers: PhotoAnswers, names: Mapping[int, str]) -> dict[str, Any]:
    """Describe a person's answers about a photo besides its label; empty where there are none."""
    fields: dict[str, Any] = {}
    if answers.rejected:
        fields["not"] = sorted(names[class_id] for class_id in answers.rejected)
    if answers.mark is not Mark.NONE:
        fields[answers.mark.name.lower()] = True
    if answers.mark is Mark.NOT_MINE:
        fields["by"] = LabelOrigin.PERSON.value
    return fields


def unreadable_line(path: Path, error: str) -> dict[str, Any]:
    """Describe a photo that could not be read."""
    return {"path": str(path), "error": error}


def folder_lines(
    result: PredictFolderResult,
    names: Mapping[int, str],
    looks_like: Mapping[int, str],
    remarks: Mapping[int, str] | None = None,
    *,
    labels_count: bool,
    model: NamedModel | None = None,
    top: int = TOP_SUGGESTIONS,
) -> Iterator[dict[str, Any]]:
    """Describe every photo of a folder, in the scan's order.

    Args:
        result: The folder.
        names: Class names by id.
        looks_like: The ImageNet class that an unknown photo resembles, by photo id.
        remarks: Faults of files that decode all the same, by photo id.
        labels_count: Whether a label replaces the suggestion, as it does for sorting.
        model: The model that suggested the classes.
        top: Number of suggestions for a photo at most.
    """
    rows, model_name = result.rows, None if model is None else model.name
    for i, (path, error) in enumerate(zip(rows.paths, rows.errors, strict=True)):
        label = None
        if rows.label_ids[i]:
            label = names[int(rows.label_ids[i])], LabelOrigin.PERSON if rows.by_person[i] else LabelOrigin.FOLDER
        if error is not None:
            labelled = {} if label is None else {"label": label[0], "by": label[1].value}
            yield unreadable_line(path, error) | labelled
            continue
        photo_id = int(rows.photo_ids[i])
        found = result.predictions.top(photo_id, top) if result.predictions else ()
        best = [(names[class_id], share) for class_id, share in found if class_id]  # a deleted class has id 0
        answers = answer_fields(result.answers.get(photo_id, NO_ANSWERS), names)
        remark = (remarks or {}).get(photo_id)
        if labels_count and label is not None:
            line = photo_line(path, label[0], 1.0, Verdict.SURE, best, label=label, model=model_name, remark=remark)
        else:
            name = names[int(rows.class_ids[i])] if rows.class_ids[i] else None
            share = None if name is None else float(rows.confidences[i])
            verdict, like = Verdict(int(rows.verdicts[i])), looks_like.get(photo_id, "")
            line = photo_line(path, name, share, verdict, best, like, label=label, model=model_name, remark=remark)
        yield line | answers
    for path, reason in lost_photos(result):
        yield unreadable_line(path, reason)


def lost_photos(result: PredictFolderResult) -> list[tuple[Path, str]]:
    """Files named like photos that the scan could not open."""
    return [(path, reason) for path, reason in result.problems if looks_like_photo(path)]


def folder_problems(problems: Iterable[tuple[Path, str]]) -> list[dict[str, str]]:
    """Describe the folders that could not be entered, for the summary object; photos have lines of their own."""
    return [{"path": str(path), "error": why} for path, why in problems if not looks_like_photo(path)]


def expected_fields(result: PredictFolderResult) -> dict[str, Any] | None:
    """Describe the accuracy to expect on a folder, for the summary object; None where it is not estimated."""
    estimate = result.estimate
    if estimate is None:
        return None
    return {
        "photos": estimate.photos,
        "accuracy": round(estimate.accuracy, _DIGITS),
        "held_out": None if estimate.held_out is None else round(estimate.held_out, _DIGITS),
        "unfamiliar": round(estimate.unfamiliar, _DIGITS),
        "differs": estimate.differs,
    }


def left_out_fields(left_out: LeftOut) -> dict[str, Any]:
    """Count the files of class folders that are not photos, for the summary object."""
    return {
        "left_out": dict(left_out.kinds),
        "left_out_by_class": {name: dict(kinds) for name, kinds in left_out.by_class.items()},
        "empty_classes": list(left_out.empty),
        "merged_classes": list(left_out.merged),
        "renamed": dict(left_out.renamed),
        "problems": folder_problems(left_out.problems),
    }


def count_lines(lines: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Count photos by verdict for the summary object, those without a suggestion and the unreadable among them."""
    counts = Counter("unreadable" if "error" in line else line["verdict"] for line in lines)
    return {
        "photos": counts.total(),
        **{word: counts[word] for word in _WORDS},
        "not_predicted": counts[Verdict.NONE.word],
        "unreadable": counts["unreadable"],
    }
