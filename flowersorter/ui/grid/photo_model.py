"""The photos of the open folder as a list model: rows are looked up only when they are painted."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QByteArray, QMimeData, QModelIndex, QObject, Qt, Signal, Slot
from PySide6.QtGui import QImage
from PySide6.QtGui import Qt as TextFormat

from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_answers import LeftOutOf
from flowersorter.domain.photo_rows import PhotoRows
from flowersorter.domain.shown_predictions import ShownPredictions
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.grid.arranged_model import ArrangedModel, Index
from flowersorter.ui.grid.photo_columns import OwnLabels, PhotoColumns, PseudoClass, Rows
from flowersorter.ui.grid.photo_state import (
    PhotoFacts,
    PhotoTile,
    facts_of_row,
    in_short,
    spoken,
    state_of,
    title,
    tool_tip,
    values_of_facts,
)
from flowersorter.ui.grid.sections import Grouping
from flowersorter.ui.shared.dates import in_words
from flowersorter.ui.shared.widgets import count_photos
from flowersorter.workers.thumbnail_pool import Wanted
from flowersorter.workflows.labelling.pending_labels import LabelNews

#: Drag data: place ids as int64, in the byte order of this computer; never leaves the program.
PLACES_MIME = "application/x-flowersorter-places"


class PhotoRole(IntEnum):
    """Data roles for the delegate and the inspector."""

    PLACE_ID = Qt.ItemDataRole.UserRole + 1
    ERROR = Qt.ItemDataRole.UserRole + 2
    THUMBNAIL = Qt.ItemDataRole.UserRole + 3
    CLASS_NAME = Qt.ItemDataRole.UserRole + 4
    CLASS_COLOUR = Qt.ItemDataRole.UserRole + 5
    VERDICT = Qt.ItemDataRole.UserRole + 6
    CONFIDENCE = Qt.ItemDataRole.UserRole + 7
    LABELLED = Qt.ItemDataRole.UserRole + 8
    BY_PERSON = Qt.ItemDataRole.UserRole + 9
    STATE = Qt.ItemDataRole.UserRole + 10
    TITLE = Qt.ItemDataRole.UserRole + 11
    SECOND_NAME = Qt.ItemDataRole.UserRole + 12
    LEFT_OUT = Qt.ItemDataRole.UserRole + 14
    STACK = Qt.ItemDataRole.UserRole + 15
    TILE = Qt.ItemDataRole.UserRole + 16


@dataclass(frozen=True, slots=True)
class ClassLook:
    """The appearance of a class on a tile: its name and its colour as "#rrggbb"."""

    name: str
    colour: str


class PhotoModel(ArrangedModel):
    """The photos of the open folder, for the delegate to paint and the window to describe.

    Lives in the GUI thread.

    Attributes:
        section_names: Names of classes and pseudo-classes, kept up to date.

    Args:
        thumbnails: Returns a thumbnail, or None while it is being made; `repaint` is called when it arrives.

    Signals:
        files_changed(list of place ids): The file at these places has changed, or is to be tried again.
    """

    files_changed = Signal(object)

    def __init__(self, thumbnails: Callable[[Wanted], QImage | None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._classes: dict[int, ClassLook] = {}
        self.section_names: dict[int, str] = {}
        self._looks_changed = 0  # how often names and colours of classes did
        self._name_sections()
        self._getters: dict[int, Callable[[int], Any]] = {
            Qt.ItemDataRole.DisplayRole: self._name,
            Qt.ItemDataRole.ToolTipRole: self._tool_tip,
            Qt.ItemDataRole.AccessibleTextRole: self._spoken,
            PhotoRole.PLACE_ID: self._place_id,
            PhotoRole.ERROR: self._error,
            PhotoRole.THUMBNAIL: self._thumbnail,
            PhotoRole.CLASS_NAME: lambda row: self._name_of(self.shown_class(row)),
            PhotoRole.CLASS_COLOUR: lambda row: self._colour_of(self.shown_class(row)),
            PhotoRole.VERDICT: self._verdict,
            PhotoRole.CONFIDENCE: self._confidence,
            PhotoRole.LABELLED: self._labelled,
            PhotoRole.BY_PERSON: lambda row: bool(self.columns.by_person[row]),
            PhotoRole.STATE: lambda row: state_of(self._facts(row)),
            PhotoRole.TITLE: lambda row: self._title(row, self._facts(row)),
            PhotoRole.LEFT_OUT: lambda row: int(self.columns.place_ids[row]) in self.left_out,
            PhotoRole.STACK: self._stack,
            PhotoRole.TILE: self._tile,
            PhotoRole.SECOND_NAME: lambda row: self._name_of(int(self.columns.second_class_ids[row])),
        }

    # -- Qt model interface

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the data of a tile for a role."""
        getter = self._getters.get(role)
        if getter is None or not index.isValid():
            return None
        return getter(int(self._order[index.row()]))

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return the flags of a tile: it can be selected and dragged; nothing can be dropped on it."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
        return flags | Qt.ItemFlag.ItemIsDragEnabled

    def mimeTypes(self) -> list[str]:
        """Return the only type of drag data."""
        return [PLACES_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """Return the place ids of the dragged rows: row numbers would be stale by the time of the drop."""
        return self.drag_data(np.sort(np.fromiter((index.row() for index in indexes), np.intp)))

    def drag_data(self, rows: Rows) -> QMimeData:
        """Return the place ids of (M,) ascending rows as drag data."""
        mime = QMimeData()
        mime.setData(PLACES_MIME, QByteArray(self.all_places_at(rows).tobytes()))
        return mime

    # -- changes from the window

    def set_classes(self, classes: Mapping[int, ClassLook]) -> None:
        """Use these names and colours."""
        if list(classes.items()) != list(self._classes.items()):
            self._classes, self._class_order = dict(classes), tuple(classes)
            self._name_sections()
            if len(self._order):
                self.dataChanged.emit(self.index(0), self.index(len(self._order) - 1))
            if self._filter.divided_by is not Grouping.NONE:
                self._take(self._settled(self._arranged()))
                self.sections_changed.emit()  # their names may be others, too

    @property
    def left_out(self) -> frozenset[int]:
        """The photos marked as left out of the next answer for their section."""
        return self._apart.left_out

    def set_left_out(self, place_ids: Iterable[int]) -> None:
        """Mark these photos as left out of the next answer for their section, and no others."""
        before, self._apart = self._apart, replace(self._apart, left_out=frozenset(place_ids))
        changed = self.columns.locate(before.left_out ^ self._apart.left_out)
        if self._stack_ids.of(self.columns.photo_ids)[changed].any():
            self._take(self._shown)  # a stack is open while only some of its photos are left out
        self._changed(changed, [PhotoRole.LEFT_OUT])

    def leave_out_of(self, classes: LeftOutOf) -> None:
        """Take over which class photos were left out of, by photo id, 0 for none: they are not sure to be of it."""
        self._refresh(self.columns.leave_out(classes))

    def _name_sections(self) -> None:
        """Use the names of the classes now, in the same dictionary."""
        self._looks_changed += 1
        self.section_names.clear()
        self.section_names |= {class_id: look.name for class_id, look in self._classes.items()} | {
            int(PseudoClass.UNSURE): self.tr("Not sure"),
            int(PseudoClass.UNKNOWN): self.tr("Unknown"),
            int(PseudoClass.NOT_MINE): self.tr("Not mine"),
            int(PseudoClass.UNREADABLE): self.tr("Unreadable"),
            int(PseudoClass.WAITING): self.tr("No final suggestion yet"),
        }

    def set_rows(self, rows: PhotoRows, *, automatic: bool = False) -> None:
        """Show another folder, or the same one after a rescan; a rescan keeps the scroll position."""
        if len(rows) == len(self.columns) and np.array_equal(rows.place_ids, self.columns.place_ids):
            self.merge(rows, automatic=automatic)
            return
        # A place that is not in the folder now may come back.
        outdated = sorted(self.columns.unshown.union(self.columns.outdated(rows)))
        self.beginResetModel()
        self.columns = PhotoColumns(rows, self.columns)
        self._end_reset()
        if outdated:
            self.files_changed.emit(outdated)
        self.counts_changed.emit()

    def merge(self, rows: PhotoRows, *, automatic: bool = False) -> None:
        """Take over rows that changed, `automatic`: by themselves, see `show_predictions`; the others stay."""
        outdated = self.columns.outdated(rows)
        changed = self.columns.merge(rows)
        if outdated:
            self.files_changed.emit(outdated)
        self._refresh(changed, automatic=automatic)

    def show_provisional(
        self, place_ids: NDArray[np.int64], class_ids: NDArray[np.int32], likely: NDArray[np.bool_]
    ) -> None:
        """Show suggestions from the previews of photos that are not read yet, as `PhotoColumns` keeps them."""
        self._changed(self.columns.set_provisional(place_ids, class_ids, likely), [])

    def show_predictions(self, found: ShownPredictions) -> None:
        """Show suggestions that changed by themselves: no photo moves or goes until `rearrange`, new ones come last."""
        self._refresh(self.columns.set_predictions(found), automatic=True)

    def show_in_place(self, found: ShownPredictions) -> None:
        """Show suggestions of some photos on their tiles alone; `show_predictions` with those of all photos follows."""
        self._changed(self.columns.set_predictions(found), [])

    def show_labels(self, news: LabelNews) -> None:
        """Show labels that changed, of photos and of places whose photo is not read yet."""
        self.moves_softly = True
        self.columns.set_photos(news.read)
        self.set_labels(
            {
                photo_id: (label.class_id, label.origin is LabelOrigin.PERSON) if label is not None else (0, False)
                for photo_id, label in news.labels.items()
            }
        )
        self.set_place_labels({at: (class_id, class_id > 0) for at, class_id in news.pending.items()})
        self.moves_softly = False

    def set_labels(self, labels: Mapping[int, tuple[int, bool]]) -> None:
        """Show labels just written: by photo id the class id (0: none) and whether a person gave it."""
        self._refresh(self.columns.set_labels(labels))

    def set_place_labels(self, labels: Mapping[int, tuple[int, bool]]) -> None:
        """Show labels just written of photos that are not read yet, by place id."""
        self._refresh(self.columns.set_place_labels(labels))

    def replace_classes(self, old: Collection[int], new: int) -> OwnLabels:
        """Move the photos of classes to another one, 0 for none; return the labels of this session, by place id."""
        self.beginResetModel()
        said = self.columns.replace_classes(old, new)
        self._end_reset()
        self.counts_changed.emit()
        return said

    @Slot(object)
    def repaint(self, place_ids: Iterable[int]) -> None:
        """Repaint the tiles of thumbnails that arrived."""
        self._changed(self.columns.locate(place_ids), [PhotoRole.THUMBNAIL])

    @Slot(object)
    def mark_unreadable(self, problems: Iterable[tuple[int, str]]) -> None:
        """Mark photos whose thumbnails cannot be made."""
        rows = [self.columns.set_error(place_id, reason) for place_id, reason in problems]
        self._refresh(np.sort(np.concatenate(rows)) if rows else np.zeros(0, np.intp))

    # -- queries of the window

    def path_of(self, place_id: int) -> Path | None:
        """Return the path of a place; None if it is not in the folder."""
        rows = self.columns.locate([place_id])
        return self.columns.paths[int(rows[0])] if len(rows) else None

    def tile_of(self, place_id: int) -> list[int]:
        """The places of all photos on the tile of this one; of it alone where it is not shown."""
        rows = np.array(self.rows_of([place_id]), np.intp)
        return self.all_places_at(rows).tolist() or [place_id]

    def position(self, row: int) -> str:
        """Return the position of a model row among all shown photos: "5 of 159", "5–8 of 159" for a stack."""
        first, count = self.count_on(range(row)) + 1, self.count_on(range(row, row + 1))
        numbers = f"{first}–{first + count - 1}" if count > 1 else str(first)
        return self.tr("{0} of {1}").format(numbers, self.photo_count)

    def look(self, row: int) -> tuple[Any, ...]:
        """All that the look of a model row depends on, to compare; asks for its thumbnail where there is none."""
        columns, at = self.columns, int(self._order[row])
        place_id, image = int(columns.place_ids[at]), self._thumbnail(at)
        picture = columns.names[at], 0 if image is None else image.cacheKey()
        said = self._looks_changed, place_id in self.left_out, self._filter.before.get(place_id)
        return *values_of_facts(columns, at), *picture, *said, self._tiles.sizes[row], self._tiles.numbers[row]

    def describe(self, row: int) -> str:
        """Describe class and verdict of a model row in words."""
        return in_short(self.facts(row))

    def facts(self, row: int) -> PhotoFacts:
        """Return the facts about the class of a model row."""
        return self._facts(int(self._order[row]))

    def shown_class(self, row: int) -> int:
        """Return the class id that a column row is shown with: its label, else its suggestion; 0 for an unknown one."""
        columns = self.columns
        if not columns.label_ids[row] and columns.verdicts[row] == Verdict.UNKNOWN:
            return 0
        return int(columns.label_ids[row] or columns.class_ids[row])

    def wanted(self, row: int) -> Wanted:
        """Return the thumbnail request of a model row."""
        at = int(self._order[row])
        return Wanted(int(self.columns.place_ids[at]), int(self.columns.photo_ids[at]), self.columns.paths[at])

    # -- one function per role; each is given the column row

    def _name(self, row: int) -> str:
        return os.path.basename(self.columns.names[row])  # noqa: PTH119 -- painted for every tile

    def _tool_tip(self, row: int) -> str:
        path, taken = Path(self.columns.names[row]), self.columns.taken_at[row]
        tip = tool_tip(self._facts(row), path.name, str(path.parent), "" if np.isnat(taken) else in_words(taken.item()))
        size, number = self._stack(row)
        if size > 1 and not number:
            tip += "\n" + self.tr("{0} that look alike. Each action reaches all of them").format(count_photos(size))
        return TextFormat.convertFromPlainText(tip) if TextFormat.mightBeRichText(tip) else tip

    def _spoken(self, row: int) -> str:
        size, number = self._stack(row)
        stack = count_photos(size) if size > 1 else ""
        if number:
            stack = self.tr("photo {0} of {1} that look alike").format(number, size)
        return spoken(self._facts(row), ", ".join(filter(None, (self._name(row), stack))))

    def _stack(self, row: int) -> tuple[int, int]:
        """Number of photos of the stack, 1 for none, and the number of this photo where the stack is open, else 0."""
        at = self._positions[row]
        return int(self._tiles.sizes[at]), int(self._tiles.numbers[at])

    def _tile(self, row: int) -> PhotoTile:
        """All that a tile shows: asked for at once, it takes a tenth of the time."""
        columns, facts = self.columns, self._facts(row)
        return PhotoTile(
            place_id=self._place_id(row),
            state=state_of(facts),
            title=self._title(row, facts),
            colour=self._colour_of(self.shown_class(row)),
            second_colour=self._colour_of(int(columns.second_class_ids[row])),
            error=columns.errors[row],
            left_out=self._place_id(row) in self.left_out,
            stack=self._stack(row),
        )

    def _title(self, row: int, facts: PhotoFacts) -> str:
        """The class, or "roses → tulips" where changed suggestions are shown."""
        now = title(facts)
        return now if self._labelled(row) else self._filter.change(self._place_id(row), now)

    def _facts(self, row: int) -> PhotoFacts:
        return facts_of_row(self.columns, row, self._name_of)

    def _place_id(self, row: int) -> int:
        return int(self.columns.place_ids[row])

    def _error(self, row: int) -> str | None:
        return self.columns.errors[row]

    def _thumbnail(self, row: int) -> QImage | None:
        columns = self.columns
        if columns.errors[row] is not None:
            return None
        return self._thumbnails(Wanted(int(columns.place_ids[row]), int(columns.photo_ids[row]), columns.paths[row]))

    def _name_of(self, class_id: int) -> str:
        look = self._classes.get(class_id)
        return look.name if look is not None else ""

    def _colour_of(self, class_id: int) -> str:
        look = self._classes.get(class_id)
        return look.colour if look is not None else ""

    def _verdict(self, row: int) -> Verdict:
        return Verdict(int(self.columns.shown_verdicts(np.array([row]))[0]))

    def _confidence(self, row: int) -> float:
        return float(self.columns.confidences[row])

    def _labelled(self, row: int) -> bool:
        return bool(self.columns.label_ids[row] > 0)


def count_in(mime: QMimeData) -> int:
    """Number of photos in drag data of this program; 0 in any other."""
    return mime.data(PLACES_MIME).size() // np.dtype(np.int64).itemsize


def places_in(mime: QMimeData) -> list[int]:
    """Place ids in drag data of this program; none in any other."""
    if not mime.hasFormat(PLACES_MIME):
        return []
    return [int(each) for each in np.frombuffer(mime.data(PLACES_MIME).data(), np.int64)]
