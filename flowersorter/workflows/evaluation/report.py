"""Save an evaluation: as a web page, or as tables for a spreadsheet."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from flowersorter.atomic_write import write_atomically
from flowersorter.domain.place import Paths
from flowersorter.errors import PhotoUnreadable, UserError
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.jobs.worker_threads import call_apart
from flowersorter.library.collection import CollectionStore
from flowersorter.messages import text
from flowersorter.photos.read import SMALL_PX, read_photo, read_small
from flowersorter.photos.read_errors import saving_reason
from flowersorter.workflows.evaluation.evaluate import Evaluation
from flowersorter.workflows.evaluation.learning_curve import LearningCurve
from flowersorter.workflows.evaluation.report_page import Mistake, page
from flowersorter.workflows.evaluation.report_tables import class_table, photo_table

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

#: Endings a report can have.
PAGE, TABLE = ".html", ".csv"
#: Shorter side of a picture in the page, about 5 kB each.
_PICTURE_PX, _JPEG_QUALITY = 128, 78
#: Most pictures in a page; more make it slow to open, and the most confident mistakes are the most useful.
_MOST_PICTURES = 200


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """Save an evaluation.

    Attributes:
        evaluation: The evaluation.
        file: The file; its suffix, `PAGE` or `TABLE`, decides the format. An existing file is replaced.
        curve: The learning curve, if it was measured; for a page.
    """

    evaluation: Evaluation
    file: Path
    curve: LearningCurve | None = None


@dataclass(frozen=True, slots=True)
class SavedReport:
    """The files that were written."""

    files: tuple[Path, ...]


def save_report(engine: Engine, request: ReportRequest, report: Report, cancel: CancelToken) -> SavedReport:
    """Write the page, or the table of photos and beside it `NAME.classes.csv`.

    Raises:
        UserError: the ending is another one, or the disk refused.
        Cancelled: asked to stop; nothing was written.
    """
    file, evaluation = request.file, request.evaluation
    report(Progress(text("Writing the report"), 0))
    paths = _paths(engine, request)
    match file.suffix.lower():
        case ".html":
            mistakes = _mistakes(engine, request, paths, report, cancel)
            contents = {file: page(evaluation, mistakes, request.curve)}
        case ".csv":
            contents = {file: photo_table(evaluation, paths), classes_file(file): class_table(evaluation)}
        case _:
            raise UserError(
                text("{file} was not written", file=file.name),
                text("a report ends in {page} or {table}", page=PAGE, table=TABLE),
            )
    cancel.check()
    return _written(contents)


def save_picture(file: Path, picture: bytes) -> SavedReport:
    """Write a picture of an evaluation; an existing file is replaced.

    Raises:
        UserError: the disk refused.
    """
    return _written({file: picture})


def _written(contents: Mapping[Path, bytes]) -> SavedReport:
    for each, data in contents.items():
        try:
            write_atomically(each, data)
        except OSError as error:
            raise UserError(text("{file} was not written", file=each), saving_reason(error, each)) from error
    return SavedReport(tuple(contents))


def classes_file(file: Path) -> Path:
    """The path of the table of classes beside a table of photos."""
    return file.with_name(f"{file.stem}.classes{file.suffix}")


def _paths(engine: Engine, request: ReportRequest) -> Paths:
    """One path for each photo of the evaluation, in its order; "" where it has none."""
    wanted = request.evaluation.place_ids
    places = engine.collection.photos.places(wanted[wanted > 0])
    path_of = dict(zip(places.ids.tolist(), places.paths.names, strict=True))
    return Paths([path_of.get(place_id, "") for place_id in wanted.tolist()])


def _mistakes(
    engine: Engine, request: ReportRequest, paths: Paths, report: Report, cancel: CancelToken
) -> Sequence[Mistake]:
    """The photos predicted wrong, the most confident first, as many as a page should hold."""
    of = request.evaluation
    wrong = np.flatnonzero(~of.right)
    wrong = wrong[np.argsort(-of.confidences[wrong], kind="stable")][:_MOST_PICTURES]
    ids, hashes = engine.collection.photos.hashes(of.photo_ids[wrong])
    hash_of = dict(zip(ids.tolist(), hashes, strict=True))
    mistakes = list[Mistake]()
    for row in wrong.tolist():
        cancel.check()
        report(Progress(text("Writing the report"), len(mistakes), len(wrong)))
        name, sha256 = paths.names[row], hash_of.get(int(of.photo_ids[row]))
        mistakes.append(
            Mistake(
                path=name,
                true=of.class_names[of.true[row]],
                predicted=of.class_names[of.predicted[row]],
                confidence=float(of.confidences[row]),
                jpeg=call_apart(partial(_picture, engine.collection, sha256, name), cancel),
            )
        )
    return mistakes


def _picture(collection: CollectionStore, sha256: bytes | None, name: str) -> bytes | None:
    """Return a picture for the page, from the cache or, if that was cleared, from the photo itself."""
    small = collection.thumbnails.get(sha256) if sha256 is not None else None
    if small is None and name:
        try:
            small = read_photo(Path(name), short_side_px=SMALL_PX).small
        except PhotoUnreadable:
            return None
    pixels = None if small is None else read_small(small, short_side_px=_PICTURE_PX)
    if pixels is None:
        return None
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return file.getvalue()
