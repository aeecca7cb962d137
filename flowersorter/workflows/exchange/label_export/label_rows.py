"""One table of photos with their labels and suggestions, which every format writes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import sorted_unique
from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_answers import NO_ANSWERS, Mark
from flowersorter.domain.photo_rows import TOP_SUGGESTIONS, PhotoPredictions
from flowersorter.domain.place import Places
from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.messages import text
from flowersorter.photos.scan import absolute_roots
from flowersorter.workflows.models.current_model import NamedModel, chosen_backbone, model_for
from flowersorter.workflows.predicting.photo_details import predictions_for

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

_CHUNK = 4096


class ExportRows(Iterable["LabelRow"]):
    """The rows of a table, counted; a writer says which of them its format leaves out.

    Args:
        rows: The rows.

    Attributes:
        labels: Number of rows with a label that are written.
        suggestions: Number of those with a suggestion and no label.
        without_class: Number of others that are written.
        left_out: Number of rows that are not written.
    """

    def __init__(self, rows: Iterable[LabelRow]) -> None:
        self._rows = rows
        self._counts = [0, 0, 0]
        self.left_out = 0

    @property
    def labels(self) -> int:
        """As above."""
        return self._counts[0]

    @property
    def suggestions(self) -> int:
        """As above."""
        return self._counts[1]

    @property
    def without_class(self) -> int:
        """As above."""
        return self._counts[2]

    def __iter__(self) -> Iterator[LabelRow]:
        for row in self._rows:
            self._counts[_kind(row)] += 1
            yield row

    def leave_out(self, row: LabelRow) -> None:
        """Say that the row that came last is not written."""
        self._counts[_kind(row)] -= 1
        self.left_out += 1


def _kind(row: LabelRow) -> int:
    return 0 if row.label else 1 if row.suggestion else 2


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A photo with its label and its suggestions.

    Attributes:
        path: Absolute path.
        file: The path from the folder of the table, with "/"; absolute for a photo that is not below it.
        sha256: Digest of its bytes; empty for a file that cannot be read.
        label: Its class by a person or a class folder; "" without a label.
        by: Source of the label; None without one.
        top: (class name, probability) of the likeliest classes, likeliest first; empty without a suggestion.
        verdict: Of the suggestion; NONE without one.
        mark: A person's answer that it shows none of the classes, or that they cannot tell.
        width_px: Of the upright picture; 0 for a file that cannot be read.
        height_px: Of the upright picture.
        taken_at: ISO 8601 by the camera's clock; "" where that is not known.
        camera: Maker and model; "" where they are not known.
        error: Why the file cannot be read; "" for a photo.
    """

    path: str
    file: str
    sha256: bytes
    label: str
    by: LabelOrigin | None
    top: tuple[tuple[str, float], ...]
    verdict: Verdict
    mark: Mark
    width_px: int
    height_px: int
    taken_at: str
    camera: str
    error: str

    @property
    def not_mine(self) -> bool:
        """Whether a person said that it shows none of the classes."""
        return self.mark is Mark.NOT_MINE

    @property
    def answer(self) -> str:
        """The mark as formats have it: "not_mine" or "dont_know"; "" without one."""
        return self.mark.name.lower() if self.mark else ""

    @property
    def suggestion(self) -> str:
        """The suggested class; "" where there is none: the photo is unknown, or a person said it shows none."""
        is_class = self.verdict not in (Verdict.NONE, Verdict.UNKNOWN) and not self.not_mine
        return self.top[0][0] if self.top and is_class else ""

    @property
    def class_name(self) -> str:
        """The label, or the suggestion where there is none."""
        return self.label or self.suggestion


class ExportTable:
    """The known photos of folders, in natural order of their paths.

    Args:
        engine: Of the collection; predict the folders first, so that all photos are known.
        roots: Folders and photos.
        only_labelled: Whether to leave out photos without a label.
        backbone: Of the model that suggests; None for the collection's.

    Attributes:
        folder: The folder that relative paths begin at.
        classes: Every class of the collection, in its order.
        model: The model of the suggestions; None without one.
    """

    def __init__(
        self,
        engine: Engine,
        roots: Path | tuple[Path, ...],
        *,
        only_labelled: bool = False,
        backbone: str | None = None,
    ) -> None:
        collection = engine.collection
        opened = absolute_roots(roots)
        self._collection, self._only_labelled = collection, only_labelled
        self._places = _read(collection.photos.places_under(opened))
        self.folder = _common(opened)
        self.model: NamedModel | None = model_for(engine, chosen_backbone(collection, backbone))
        self._predictions = predictions_for(engine, self._places.known_photo_ids, backbone)
        # Predicting adds the classes of a new model to the collection.
        self._names = {entry.id: entry.name for entry in collection.classes.all()}
        self.classes = tuple(self._names.values())
        self._labels = collection.labels.get(sorted_unique(self._places.photo_ids))
        self._answers = collection.answers.get(self._places.known_photo_ids)
        if only_labelled:
            rows = [row for row, photo in enumerate(self._places.photo_ids.tolist()) if photo in self._labels]
            self._places = self._places.take(np.array(rows, np.intp))

    def __len__(self) -> int:
        return len(self._places)

    def rows(self, report: Report, cancel: CancelToken) -> Iterator[LabelRow]:
        """Yield the rows; only some thousand are in memory at a time.

        Raises:
            Cancelled: asked to stop.
        """
        for begin in range(0, len(self), _CHUNK):
            report(Progress(text("Exporting labels"), begin, len(self)))
            cancel.check()
            yield from self._chunk(self._places.take(np.arange(begin, min(begin + _CHUNK, len(self)))))

    def _chunk(self, places: Places) -> Iterator[LabelRow]:
        ids = places.photo_ids.tolist()
        photos = self._collection.photos.photos(places.known_photo_ids)
        tops, verdicts = _tops(self._predictions, places.photo_ids, self._names)
        prefix = str(self.folder).rstrip(os.sep) + os.sep
        for i, (path, photo_id, error) in enumerate(zip(places.paths.names, ids, places.errors, strict=True)):
            photo, label = photos.get(photo_id), self._labels.get(photo_id)
            inside = path[len(prefix) :] if path.startswith(prefix) else path
            yield LabelRow(
                path=path,
                file=inside if os.sep == "/" else inside.replace(os.sep, "/"),
                sha256=b"" if photo is None else photo.sha256,
                label="" if label is None else self._names.get(label.class_id, ""),
                by=None if label is None else label.origin,
                top=tops[i] if error is None else (),
                verdict=verdicts[i] if error is None else Verdict.NONE,
                mark=self._answers.get(photo_id, NO_ANSWERS).mark,
                width_px=0 if photo is None else photo.width_px,
                height_px=0 if photo is None else photo.height_px,
                taken_at="" if photo is None else photo.taken_at or "",
                camera="" if photo is None else photo.camera or "",
                error=str(error or ""),
            )


def _read(places: Places) -> Places:
    """Select the places that were read, or cannot be read."""
    errors = np.array([error is not None for error in places.errors], np.bool_)
    return places.take(np.flatnonzero((places.photo_ids > 0) | errors))


def _common(roots: tuple[Path, ...]) -> Path:
    """The folder that holds all opened folders and photos; that of the first one on several drives."""
    folders = [root if root.is_dir() else root.parent for root in roots]
    try:
        return Path(os.path.commonpath(folders))
    except ValueError:
        return folders[0]


def _tops(
    predictions: PhotoPredictions | None, photo_ids: NDArray[np.int64], names: dict[int, str]
) -> tuple[list[tuple[tuple[str, float], ...]], list[Verdict]]:
    """The likeliest classes and the verdict of each photo."""
    nothing: list[tuple[tuple[str, float], ...]] = [()] * len(photo_ids)
    if predictions is None or not len(predictions.photo_ids):
        return nothing, [Verdict.NONE] * len(photo_ids)
    at = predictions.locate(photo_ids)
    shares = predictions.probabilities[np.maximum(at, 0)]
    columns = np.argsort(-shares, axis=1, kind="stable")[:, :TOP_SUGGESTIONS]
    best = np.take_along_axis(shares, columns, axis=1).tolist()
    class_ids = predictions.class_ids[columns].tolist()
    verdicts = predictions.verdicts[np.maximum(at, 0)].tolist()
    tops, worth = list[tuple[tuple[str, float], ...]](), list[Verdict]()
    for row, ids, each, verdict in zip(at.tolist(), class_ids, best, verdicts, strict=True):
        shown = [(names[i], share) for i, share in zip(ids, each, strict=True) if share > 0 and i in names]
        tops.append(tuple(shown) if row >= 0 else ())
        worth.append(Verdict(verdict) if row >= 0 else Verdict.NONE)
    return tops, worth
