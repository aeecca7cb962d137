"""The photos of the open folder as columns in memory, and where each of them belongs."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import IntEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import counts_of, positions_of, which_are_given
from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.domain.photo_answers import LeftOutOf, Mark, is_left_out
from flowersorter.domain.photo_rows import PhotoRows
from flowersorter.domain.place import Paths
from flowersorter.domain.shown_predictions import ShownPredictions
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.filter.photo_moments import PhotoMoments
from flowersorter.workflows.labelling.pending_labels import LabelNews

Rows = NDArray[np.intp]
OwnLabels = dict[int, tuple[int, bool]]
#: A suggestion that changed less than this many seconds ago is not what a person confirms or rejects: it came too late.
SEEN_S = 0.4


class PseudoClass(IntEnum):
    """Pseudo-class of photos without a class; negative, so that it shares a column with class ids."""

    WAITING = 0  # not read yet
    UNSURE = -1
    UNKNOWN = -2
    UNREADABLE = -3
    NOT_MINE = -5  # the person said so
    ALL = -4  # not a class of its own: the whole folder


class PhotoColumns:
    """Arrays of equal length, one row a place, in natural order of the path.

    Attributes:
        place_ids, photo_ids, label_ids, by_person, class_ids, confidences, verdicts, marks, second_class_ids,
            second_confidences, caveats: As in `PhotoRows`.
        paths: N absolute paths.
        names: The same, as texts.
        errors: N reasons why a file is unreadable, or None.
        class_keys: (N,) int32; the class id the photo counts for, else its `PseudoClass`.
        provisional_ids: (N,) int32 class id suggested from the preview of a photo that is not read yet; 0 for none. The
            photo counts as waiting.
        provisional_likely: (N,) bool, whether that is likely.
        own: Labels set in this session, by place id: class id and whether the person gave it.
            They outlive every block of rows: a block may be older than the label.
        left_out_of: Class id by photo id, of photos left out when others were confirmed as that class.
        version: Rises when a photo, label, suggestion or mark may have changed.
    """

    def __init__(self, rows: PhotoRows | None = None, before: PhotoColumns | None = None) -> None:
        self.own: OwnLabels = before.own if before is not None else {}
        self.left_out_of: LeftOutOf = before.left_out_of if before is not None else {}
        # The photo each was said of, 0 while nobody has read it: another photo may have taken its place since.
        self._said_of: dict[int, int] = before._said_of if before is not None else {}
        rows = rows if rows is not None else PhotoRows.empty()
        self.place_ids, self.photo_ids = rows.place_ids.copy(), rows.photo_ids.copy()
        self.label_ids, self.by_person = rows.label_ids.copy(), rows.by_person.copy()
        self.class_ids, self.confidences = rows.class_ids.copy(), rows.confidences.copy()
        self.verdicts, self.marks, self.caveats = rows.verdicts.copy(), rows.marks.copy(), rows.caveats.copy()
        self.second_class_ids, self.second_confidences = rows.second_class_ids.copy(), rows.second_confidences.copy()
        self.paths = Paths.of(rows.paths)
        self.names: list[str] = list(self.paths.names)
        self.errors: list[str | None] = list(rows.errors)
        self._changed_s = np.full(len(rows), -np.inf)  # monotonic time at which a suggestion changed
        self._moments: PhotoMoments = PhotoMoments(before._moments if before is not None else None)
        self.version = 0
        self._counts: tuple[int, dict[int, int], dict[int, int]] | None = None  # the version they are of first
        self._unshown: set[int] = set()  # places whose thumbnail could not be made
        self._unreadable = which_are_given(self.errors)
        self.class_keys = np.zeros(len(self.names), np.int32)
        self._sorter = np.argsort(self.place_ids)
        self._sorted_ids = self.place_ids[self._sorter]
        self.provisional_ids, self.provisional_likely = np.zeros(len(rows), np.int32), np.zeros(len(rows), np.bool_)
        if before is not None:
            at = np.flatnonzero(before.provisional_ids)
            self.set_provisional(before.place_ids[at], before.provisional_ids[at], before.provisional_likely[at])
            here, now = self._found(before.place_ids[at := np.flatnonzero(before._changed_s > -np.inf)])
            self._changed_s[now] = before._changed_s[at[here]]
        self._say_again(self.locate(self.own))
        self._shelve(slice(None))

    def __len__(self) -> int:
        return len(self.names)

    @property
    def folders(self) -> tuple[list[str], Rows]:
        """Folders in natural order, and (N,) the number of each photo's folder; made when they are first needed."""
        return self.paths.folders

    def photos_by_folder(self) -> dict[Path, int]:
        """The number of photos in each folder, not counting those below it; folders in natural order."""
        folders, numbers = self.folders
        counts = np.bincount(numbers, minlength=len(folders)).tolist()
        return {Path(folder + os.sep): count for folder, count in zip(folders, counts, strict=True)}

    @property
    def taken_at(self) -> NDArray[np.datetime64]:
        """(N,) datetime64[s] when each photo was taken, NaT where that is unknown; read-only."""
        return self._moments.taken_at(self.photo_ids)

    def without_moment(self) -> NDArray[np.int64]:
        """(M,) the photos whose date was not looked up yet, ascending."""
        return self._moments.lacking(self.photo_ids)

    def set_moments(self, photo_ids: NDArray[np.int64], moments: NDArray[np.datetime64]) -> None:
        """Store when photos were taken.

        Args:
            photo_ids: (M,).
            moments: (M,) datetime64[s], NaT where that is unknown.
        """
        self._moments.add(photo_ids, moments)

    def locate(self, place_ids: Iterable[int] | NDArray[np.int64]) -> Rows:
        """(M,) intp rows of these places, in their order; those that are not here are left out."""
        return self._found(np.asarray(place_ids if isinstance(place_ids, np.ndarray) else list(place_ids), np.int64))[1]

    def rows_among(self, place_ids: NDArray[np.int64], positions: Rows) -> Rows:
        """(M,) the entry of `positions`, (N,), for the row of each place; -1 for a place that is not here."""
        here, rows = self._found(place_ids)
        found = np.full(len(place_ids), -1, np.intp)
        found[here] = positions[rows]
        return found

    def _found(self, place_ids: NDArray[np.int64]) -> tuple[NDArray[np.bool_], Rows]:
        """(N,) which of these places are here, and (M,) the rows of those."""
        at = positions_of(place_ids, self._sorted_ids)
        here = at >= 0
        return here, self._sorter[at[here]]

    def merge(self, news: PhotoRows) -> Rows:
        """Take over changed rows, those of places that are not here excepted; return the rows changed, ascending."""
        here, rows = self._found(news.place_ids)
        self._unshown.difference_update(self.place_ids[rows].tolist() if self._unshown else ())
        before = self._shown_suggestions(rows)
        self.photo_ids[rows] = news.photo_ids[here]
        self.label_ids[rows], self.by_person[rows] = news.label_ids[here], news.by_person[here]
        self.class_ids[rows], self.confidences[rows] = news.class_ids[here], news.confidences[here]
        self.verdicts[rows], self.marks[rows] = news.verdicts[here], news.marks[here]
        self.second_class_ids[rows] = news.second_class_ids[here]
        self.second_confidences[rows], self.caveats[rows] = news.second_confidences[here], news.caveats[here]
        self._take_texts(rows, Paths.of(news.paths).names, news.errors, np.flatnonzero(here))
        self.provisional_ids[rows[(self.photo_ids[rows] > 0) | self._unreadable[rows]]] = 0
        self._note_changes(rows, before)
        self._say_again(rows)
        self._moments.forget_rows()
        self._shelve(rows)
        return np.sort(rows)

    def set_provisional(
        self, place_ids: NDArray[np.int64], class_ids: NDArray[np.int32], likely: NDArray[np.bool_]
    ) -> Rows:
        """Take over suggestions from previews, (M,) each, of photos not read yet; return their rows, ascending."""
        here, rows = self._found(place_ids)
        waiting = self.photo_ids[rows] == 0
        rows = rows[waiting]
        self.provisional_ids[rows], self.provisional_likely[rows] = class_ids[here][waiting], likely[here][waiting]
        return np.sort(rows)

    def set_predictions(self, found: ShownPredictions) -> Rows:
        """Take over other predictions; photos without one keep theirs. Return the rows of the others, ascending."""
        if not len(found.photo_ids):
            return np.zeros(0, np.intp)
        at = positions_of(self.photo_ids, found.photo_ids)
        rows = np.flatnonzero((at >= 0) & (self.photo_ids > 0))
        at, before = at[rows], self._shown_suggestions(rows)
        self.class_ids[rows], self.confidences[rows] = found.class_ids[at], found.confidences[at]
        self.verdicts[rows], self.caveats[rows] = found.verdicts[at], found.caveats[at]
        self.second_class_ids[rows] = found.second_class_ids[at]
        self.second_confidences[rows] = found.second_confidences[at]
        self._note_changes(rows, before)
        self._shelve(rows)
        return rows

    def leave_out(self, classes: LeftOutOf) -> Rows:
        """Take over which class photos were left out of, by photo id, 0 for none; return their rows, ascending."""
        self.left_out_of = {photo_id: of for photo_id, of in {**self.left_out_of, **classes}.items() if of}
        rows = np.flatnonzero(np.isin(self.photo_ids, list(classes)))
        self._shelve(rows)
        return rows

    def shown_verdicts(self, rows: Rows | slice) -> NDArray[np.uint8]:
        """(M,) the verdicts; not sure where a photo was left out when others were confirmed as its suggestion."""
        verdicts = self.verdicts[rows]
        doubted = is_left_out(self.photo_ids[rows], self.label_ids[rows], self.class_ids[rows], self.left_out_of)
        doubted &= (verdicts == Verdict.SURE) | (verdicts == Verdict.LIKELY)
        return np.where(doubted, np.uint8(Verdict.UNSURE), verdicts)

    def _shown_suggestions(self, rows: Rows) -> NDArray[np.int32]:
        """(M,) the class ids shown, also those of previews; 0 for an unknown photo, -1 where nothing is shown."""
        waiting = np.where(self.provisional_ids[rows] > 0, self.provisional_ids[rows], np.int32(-1))
        return np.where(self.verdicts[rows] == Verdict.NONE, waiting, self.suggested[rows])

    def _note_changes(self, rows: Rows, before: NDArray[np.int32]) -> None:
        """Note the time of changed suggestions; (M,) `before` are the previous `_shown_suggestions`."""
        self._changed_s[rows[(before >= 0) & (before != self._shown_suggestions(rows))]] = time.monotonic()

    def seen(self, place_ids: Iterable[int]) -> list[int]:
        """Places whose class was visible long enough to be confirmed or rejected."""
        rows = self.locate(place_ids)
        long_enough = (self.label_ids[rows] > 0) | (time.monotonic() - self._changed_s[rows] >= SEEN_S)
        seen: list[int] = self.place_ids[rows[long_enough]].tolist()
        return seen

    @property
    def suggested(self) -> NDArray[np.int32]:
        """(N,) int32 the suggested class ids; 0 for an unknown photo, and where there is no suggestion."""
        return np.where(self.verdicts == Verdict.UNKNOWN, np.int32(0), self.class_ids)

    def outdated(self, news: PhotoRows) -> list[int]:
        """Places of these rows whose thumbnail is to be made again: the photo changed, or the last try failed."""
        here, rows = self._found(news.place_ids)
        places, old = self.place_ids[rows], self.photo_ids[rows]
        another = (old != news.photo_ids[here]) & (old != 0)
        if self._unshown:
            another |= np.fromiter((place_id in self._unshown for place_id in places.tolist()), np.bool_, len(places))
        outdated: list[int] = places[another].tolist()
        return outdated

    @property
    def unreadable(self) -> NDArray[np.bool_]:
        """(N,) whether the file cannot be read as a photo."""
        return self._unreadable

    @property
    def unshown(self) -> frozenset[int]:
        """Places whose thumbnail could not be made."""
        return frozenset(self._unshown)

    def _take_texts(self, rows: Rows, names: Sequence[str], errors: Sequence[str | None], sources: Rows) -> None:
        now = self.names
        if len(rows) == len(self) == len(names) and (np.diff(rows) == 1).all():
            now, self.errors = list(names), list(errors)  # all of them, as after every scan
        else:
            for row, source in zip(rows.tolist(), sources.tolist(), strict=True):
                self.errors[row] = errors[source]
                if now[row] != names[source]:
                    now = now.copy() if now is self.names else now
                    now[row] = names[source]
        if now is not self.names and now != self.names:
            self.names, self.paths = now, Paths(now)
        self._unreadable[rows] = [errors[source] is not None for source in sources.tolist()]

    def set_error(self, place_id: int, reason: str) -> Rows:
        """Mark a photo whose thumbnail cannot be made; returns its row, or none."""
        self._unshown.add(place_id)
        rows = self.locate([place_id])
        for row in rows.tolist():
            self.errors[row], self._unreadable[row] = reason, True
        self._shelve(rows)
        return rows

    def set_labels(self, labels: Mapping[int, tuple[int, bool]]) -> Rows:
        """Show labels just written to the library, at every place of these photos.

        Args:
            labels: By photo id: class id, 0 for none, and whether a person gave it.

        Returns the rows of these photos, ascending.
        """
        wanted = np.fromiter(labels, np.int64, len(labels))
        rows = np.flatnonzero(np.isin(self.photo_ids, wanted[wanted > 0]))
        places, photos = self.place_ids[rows].tolist(), self.photo_ids[rows].tolist()
        given = [labels[photo] for photo in photos]
        self.own.update(zip(places, given, strict=True))
        self._said_of.update(zip(places, photos, strict=True))
        self.label_ids[rows] = [class_id for class_id, _ in given]
        self.by_person[rows] = [by_person for _, by_person in given]
        self._shelve(rows)
        return rows

    def labels_shown(self, photo_ids: Iterable[int], place_ids: Iterable[int]) -> LabelNews:
        """Return the stored labels of photos, and of places whose photo is not read yet; others are left out."""
        photos = np.fromiter((each for each in photo_ids if each), np.int64)
        rows, at = np.flatnonzero(np.isin(self.photo_ids, photos)), self.locate(place_ids)
        return LabelNews(
            {int(self.photo_ids[row]): self._label(row) for row in rows.tolist()},
            {int(self.place_ids[row]): int(self.label_ids[row] * self.by_person[row]) for row in at.tolist()},
        )

    def photos_shown_otherwise(self, labels: Mapping[int, Label | None]) -> set[int]:
        """Find the photos with a place that shows another label than this one, by photo id."""
        rows = np.flatnonzero(np.isin(self.photo_ids, np.fromiter((each for each in labels if each), np.int64)))
        photos = self.photo_ids[rows].tolist()
        return {photo for row, photo in zip(rows.tolist(), photos, strict=True) if self._label(row) != labels[photo]}

    def _label(self, row: int) -> Label | None:
        if not self.label_ids[row]:
            return None
        return Label(int(self.label_ids[row]), LabelOrigin.PERSON if self.by_person[row] else LabelOrigin.FOLDER)

    def set_photos(self, photo_ids: Mapping[int, int]) -> None:
        """Store the photos found at places that are shown as not read yet: photo id by place id."""
        for place_id, photo_id in photo_ids.items():
            rows = self.locate([place_id])
            self.photo_ids[rows] = np.where(self.photo_ids[rows] == 0, photo_id, self.photo_ids[rows])
        self.version += 1
        self._moments.forget_rows()

    def set_place_labels(self, labels: Mapping[int, tuple[int, bool]]) -> Rows:
        """Show labels of places whose photo is not read yet: by place id, as in `set_labels`.

        Without one, a label that the photo turns out to have is shown.
        """
        rows = np.sort(self.locate(labels))
        for place_id in labels:
            self._forget(place_id)
        self.label_ids[rows], self.by_person[rows] = 0, False
        self.own.update({at: label for at, label in labels.items() if label[0]})
        self._said_of.update({at: 0 for at, label in labels.items() if label[0]})
        self._say_again(rows)
        self._shelve(rows)
        return rows

    def replace_classes(self, old: Collection[int], new: int) -> OwnLabels:
        """Move the photos of some classes to another one, or, with 0, to none.

        Returns:
            The labels of this session, by place id, for `set_place_labels`.
        """
        said = {at: label for at, label in self.own.items() if label[0] in old}
        self.own.update(dict.fromkeys(said, (new, True)))
        for place_id in said if not new else ():
            if not self._said_of.get(place_id):
                self._forget(place_id)
        self.left_out_of = {at: new if of in old else of for at, of in self.left_out_of.items()}
        for class_ids in (self.label_ids, self.class_ids, self.second_class_ids, self.provisional_ids):
            class_ids[np.isin(class_ids, list(old))] = new
        self._shelve(slice(None))
        return said

    def counts(self) -> dict[int, int]:
        """Photos by class id and by `PseudoClass`, `PseudoClass.ALL` among them."""
        return dict(self._counted()[0])

    def label_counts(self) -> dict[int, int]:
        """Photos with a label, by class id."""
        return dict(self._counted()[1])

    def _counted(self) -> tuple[dict[int, int], dict[int, int]]:
        """`counts` and `label_counts`, counted once until a photo changes."""
        if self._counts is None or self._counts[0] != self.version:
            every = counts_of(self.class_keys) | {int(PseudoClass.ALL): len(self)}
            self._counts = self.version, every, counts_of(self.label_ids[self.label_ids > 0])
        return self._counts[1:]

    def _forget(self, place_id: int) -> None:
        self.own.pop(place_id, None)
        self._said_of.pop(place_id, None)

    def _say_again(self, rows: Rows) -> None:
        if not self.own:
            return
        found: list[int] = []
        labels: list[tuple[int, bool]] = []
        pairs = zip(self.place_ids[rows].tolist(), self.photo_ids[rows].tolist(), strict=True)
        for row, (place, photo) in zip(rows.tolist(), pairs, strict=True):
            label = self.own.get(place)
            if label is None:
                continue
            if photo and self._said_of.get(place) not in (0, None, photo):
                self._forget(place)
                continue
            self._said_of[place] = photo or self._said_of.get(place, 0)
            found.append(row)
            labels.append(label)
        self.label_ids[found] = [class_id for class_id, _ in labels]
        self.by_person[found] = [by_person for _, by_person in labels]

    def _shelve(self, rows: Rows | slice) -> None:
        self.version += 1
        verdicts = self.shown_verdicts(rows)
        suggestion = np.where(verdicts == Verdict.UNKNOWN, PseudoClass.UNKNOWN, self.class_ids[rows])
        suggestion = np.where(verdicts == Verdict.UNSURE, PseudoClass.UNSURE, suggestion)
        suggestion = np.where(self.marks[rows] == Mark.NOT_MINE, PseudoClass.NOT_MINE, suggestion)
        suggestion = np.where(self._unreadable[rows], PseudoClass.UNREADABLE, suggestion)
        labels = self.label_ids[rows]
        self.class_keys[rows] = np.where(labels > 0, labels, suggestion)
