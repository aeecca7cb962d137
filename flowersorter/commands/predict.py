"""The verb predict: the best suggestions for photos and folders."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.json_lines import (
    answer_fields,
    count_lines,
    expected_fields,
    folder_lines,
    folder_problems,
    model_fields,
    model_used,
    photo_line,
    unreadable_line,
)
from flowersorter.commands.shared.prediction_output import say_model, say_photo
from flowersorter.domain.label import Label
from flowersorter.domain.photo_answers import NO_ANSWERS, PhotoAnswers
from flowersorter.domain.photo_rows import TOP_SUGGESTIONS
from flowersorter.errors import PhotoUnreadable
from flowersorter.messages import text
from flowersorter.photos.file_bytes import read_file
from flowersorter.photos.scan import check_folder, looks_like_photo
from flowersorter.workflows.models.current_model import NamedModel
from flowersorter.workflows.models.sure_precision import sure_precision
from flowersorter.workflows.predicting.predict_photos import PhotoPrediction, PredictRequest, predict_photos

if TYPE_CHECKING:
    from flowersorter.workflows.csv_table import CsvDialect
    from flowersorter.workflows.engine import Engine
    from flowersorter.workflows.predicting.predict_folder import PredictFolderResult

_MADE = "model_created_at"


def run(call: Call) -> int:
    """Predict photos and folders in the order given; return 1 if only photos were named and none could be read."""
    lines: list[dict[str, Any]] = []
    left_out, problems = Counter[str](), list[dict[str, str]]()
    expected: dict[str, Any] | None = None
    folders = tuple(filter(_is_folder, call.options.paths))
    for path in folders:
        check_folder(path)  # said before a thousand photos of another folder are read
    left = folders  # predicted together, as sort does: the photos of one tell about those of another
    with call.engine(only_reads=not folders) as engine:
        model = model_used(engine, call.options.backbone)
        for is_folder, paths in groupby(call.options.paths, key=_is_folder):
            if not is_folder:
                lines += _predict_photos(call, engine, tuple(paths), model)
            elif left:
                from flowersorter.commands.shared.folder_output import predict_folders  # single photos need none of it

                result, left = predict_folders(call, engine, left), ()
                lines += _show_folders(call, engine, folders, result, model)
                left_out.update(result.skipped)
                problems += folder_problems(result.problems)
                expected = expected_fields(result)
    if call.options.csv:
        from flowersorter.workflows.csv_table import CsvDialect

        call.terminal.put(prediction_table(lines, model, CsvDialect(call.options.csv)))
    if any(line.get("top") for line in lines):
        say_model(call.terminal, model)
    beside = {"left_out": dict(sorted(left_out.items())), "problems": problems, "expected": expected}
    call.terminal.record({"summary": count_lines(lines) | beside | model_fields(model)})
    if folders or any("error" not in line for line in lines):
        return 0
    call.terminal.note(text("None of the photos could be read."))
    return 1


def prediction_table(lines: Sequence[Mapping[str, Any]], model: NamedModel | None, dialect: CsvDialect) -> bytes:
    """Return the lines of `--json` as a CSV table; each further suggestion adds two columns."""
    from flowersorter.workflows.csv_table import csv_bytes

    fields = ("path", "class", "confidence", "verdict", "label", "by", "model", _MADE, "looks_like", "error", "remark")
    made = model_fields(model)[_MADE]
    most = max((len(line.get("top", ())) for line in lines), default=0)
    head = [*fields, *(f"{field} {number}" for number in range(2, most + 1) for field in ("class", "confidence"))]
    rows = []
    for line in lines:
        dated = {**line, _MADE: made if line.get("model") else None}
        others = [cell for suggestion in line.get("top", ())[1:] for cell in suggestion]
        row = [*map(dated.get, fields), *others]
        rows.append([*row, *[None] * (len(head) - len(row))])
    return csv_bytes(head, rows, dialect)


def _is_folder(path: Path) -> bool:
    """Whether a path is to be scanned; one that is missing and has no photo's ending was meant as a folder."""
    return path.is_dir() or not (path.exists() or looks_like_photo(path))


def _show_folders(
    call: Call, engine: Engine, folders: tuple[Path, ...], result: PredictFolderResult, model: NamedModel | None
) -> list[dict[str, Any]]:
    from flowersorter.commands.shared.folder_output import say_folders
    from flowersorter.workflows.predicting.imagenet.names import names_of_unknown
    from flowersorter.workflows.predicting.select_rows import select_rows

    options = call.options
    result = select_rows(engine.collection, result, options.order, options.name)
    names = {entry.id: entry.name for entry in engine.collection.classes.all()}
    likenesses = names_of_unknown(engine, result.rows, options.backbone)
    top, remarks = options.top or TOP_SUGGESTIONS, engine.collection.photos.remarks()
    lines = list(folder_lines(result, names, likenesses, remarks, labels_count=False, model=model, top=top))
    _show(call, engine, lines, options.top or 0, with_remark=False)
    if not call.terminal.as_json:
        if lines:
            call.terminal.say()
        say_folders(call, engine.collection, folders, result, names, likenesses, remarks)
    return lines


def _predict_photos(
    call: Call, engine: Engine, paths: Sequence[Path], model: NamedModel | None
) -> list[dict[str, Any]]:
    options = call.options
    request = PredictRequest(tuple(paths), options.device, options.backbone, options.top or TOP_SUGGESTIONS)
    with call.terminal.progress() as report:
        predictions = predict_photos(engine, request, report, call.cancel)
    names = {entry.id: entry.name for entry in engine.collection.classes.all()}
    lines = [
        _line(engine, path.absolute(), prediction, names, model)
        for path, prediction in zip(paths, predictions, strict=True)
    ]
    _show(call, engine, lines, options.top or TOP_SUGGESTIONS, with_remark=True)
    return lines


def _show(call: Call, engine: Engine, lines: Sequence[Mapping[str, Any]], top: int, *, with_remark: bool) -> None:
    precision = sure_precision(engine)
    for line in lines:
        call.terminal.record(line)
        if not call.terminal.as_json and not call.options.csv:
            asked = bool(call.options.top)
            say_photo(call.terminal, line, top, precision, asked=asked, with_remark=with_remark)


def _line(
    engine: Engine, path: Path, prediction: PhotoPrediction, names: dict[int, str], model: NamedModel | None
) -> dict[str, Any]:
    if prediction.error is not None:
        return unreadable_line(path, prediction.error)
    label, answers = _said(engine, path)
    line = photo_line(
        path,
        prediction.class_name or None,
        prediction.confidence if prediction.class_name else None,
        prediction.verdict,
        prediction.top,
        prediction.looks_like,
        label=None if label is None else (names[label.class_id], label.origin),
        model=None if model is None else model.name,
        remark=prediction.remark,
    )
    reason = {"reason": str(prediction.reason)} if prediction.reason else {}
    return line | reason | answer_fields(answers, names)


def _said(engine: Engine, path: Path) -> tuple[Label | None, PhotoAnswers]:
    """The label of a photo that the collection knows by its bytes, and the other answers about it."""
    collection = engine.collection
    try:
        photo = collection.photos.by_sha256(hashlib.sha256(read_file(path).data).digest())
    except PhotoUnreadable:  # gone since it was predicted
        photo = None
    if photo is None:
        return None, NO_ANSWERS
    return collection.labels.get([photo.id]).get(photo.id), collection.answers.get([photo.id]).get(photo.id, NO_ANSWERS)
