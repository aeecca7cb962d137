"""How long the window stands still while a grid of 100,000 photos is grouped, filtered, ordered, selected, labelled."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from flowersorter.domain.photo_rows import PhotoRows
    from flowersorter.ui.grid.photo_grid import PhotoGrid
    from flowersorter.ui.grid.photo_model import PhotoModel

PHOTOS, FEW_PHOTOS = 100_000, 10_000
LABELLED_SHARE = 5  # of the photos, one in so many is labelled at once
GOAL_MS = 100
REPEATS = 5


def big_grid(options: argparse.Namespace) -> None:
    """worst time the window stands still for one action in a grid of 100,000 photos, until it is painted"""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    application = QApplication.instance() or QApplication([])
    columns = [_measured(FEW_PHOTOS, stacked=False)]
    if not options.tiny:
        columns += [_measured(PHOTOS, stacked=False), _measured(PHOTOS, stacked=True)]
    print(f"{'':44}{FEW_PHOTOS:>9,}{PHOTOS:>9,}  stacked photos", end=" ")
    print(f"(goal {GOAL_MS} ms, CPU of the GUI thread, worst of {REPEATS})")
    for name in columns[0]:
        print(f"{name:44}" + "".join(f"{column[name]:6.0f} ms" for column in columns), flush=True)
    application.processEvents()


def _measured(count: int, *, stacked: bool) -> dict[str, float]:
    """Milliseconds by action; of stacked photos, four of ten are on one tile."""
    from flowersorter.domain.photo_numbers import PhotoNumbers
    from flowersorter.domain.photo_rows import PhotoRows
    from flowersorter.ui.filter.text_search import TextSearch
    from flowersorter.ui.grid.photo_filter import Order
    from flowersorter.ui.grid.sections import Grouping

    model, grid = _open(count)
    if stacked:
        numbers = np.arange(1, count + 1, dtype=np.int64) + count
        model.set_stacks(PhotoNumbers(numbers, np.where(numbers % 10 < 4, numbers - numbers % 10, numbers)))
    model.set_stacking(stacked)
    found: dict[str, float] = {}

    def note(name: str, act: Callable[[], object]) -> None:
        found[name] = max(found.get(name, 0.0), _stall_ms(act))

    whole, empty = _rows(count, stacked=stacked), PhotoRows.empty()
    for _ in range(REPEATS):
        model.set_rows(empty)
        note("first paint of the folder", lambda: model.set_rows(whole))
        for grouping in (Grouping.CLASS, Grouping.DAY, Grouping.FOLDER, Grouping.NONE):
            note(
                f"group by {grouping.value}",
                lambda to=grouping: model.set_filter(replace(model.filter, grouping=to)),  # type: ignore[misc]
            )
        for grouping in (Grouping.NONE, Grouping.CLASS):
            model.set_filter(replace(model.filter, grouping=grouping, order=Order.NAME, unchecked=False))
            end = "" if grouping is Grouping.NONE else ", by class"
            note(f"filter by name{end}", lambda: model.set_filter(replace(model.filter, search=TextSearch.of("7", {}))))
            note(f"all names again{end}", lambda: model.set_filter(replace(model.filter, search=TextSearch())))
            note(f"order by least sure{end}", lambda: model.set_filter(replace(model.filter, order=Order.LEAST_SURE)))
            note(f"select all{end}", grid.selectAll)
            note(f"order by name, all selected{end}", lambda: model.set_filter(replace(model.filter, order=Order.NAME)))
            grid.clearSelection()
            together = np.arange(model.rowCount() // LABELLED_SHARE)
            for name, rows in (("a fifth", together), ("every fifth", together * LABELLED_SHARE)):
                grid.select_rows(rows)
                places = model.all_places_at(rows) + count
                note(f"confirm {name}, selected{end}", lambda at=places: _label(model, at, 2))  # type: ignore[misc]
                note(f"take that back{end}", lambda at=places: _label(model, at, 0))  # type: ignore[misc]
                grid.clearSelection()
            grid.verticalScrollBar().setValue(grid.verticalScrollBar().maximum() // 2)
            note(f"confirm one{end}", lambda at=places[:1]: _label(model, at, 2))  # type: ignore[misc]
            note(f"scroll{end}", lambda: grid.verticalScrollBar().setValue(grid.verticalScrollBar().value() + 400))
            _label(model, places[:1], 0)
    grid.rest()
    grid.deleteLater()
    return found


def _stall_ms(act: Callable[[], object]) -> float:
    """CPU that the GUI thread uses for an action until it is painted."""
    from PySide6.QtWidgets import QApplication

    QApplication.processEvents()
    started = time.thread_time()
    act()
    QApplication.processEvents()
    return 1000 * (time.thread_time() - started)


def _label(model: PhotoModel, photo_ids: NDArray[np.int64], class_id: int) -> None:
    model.set_labels(dict.fromkeys(photo_ids.tolist(), (class_id, class_id > 0)))


def _open(count: int) -> tuple[PhotoModel, PhotoGrid]:
    from PySide6.QtGui import QImage

    from flowersorter.ui.grid.photo_grid import PhotoGrid
    from flowersorter.ui.grid.photo_model import ClassLook, PhotoModel

    thumbnail = QImage(256, 192, QImage.Format.Format_RGB32)
    thumbnail.fill(0x557799)
    model = PhotoModel(lambda _wanted: thumbnail)
    model.set_classes({number: ClassLook(f"class {number}", "#e69f00") for number in range(1, 13)})
    grid = PhotoGrid(model)
    grid.resize(1600, 1000)
    grid.show()
    ids = np.arange(1, count + 1, dtype=np.int64) + count
    days = np.datetime64("2020-01-01", "s") + (ids * 7919 % (400 * 86400)).astype("timedelta64[s]")
    model.columns.set_moments(ids, days)
    return model, grid


def _rows(count: int, *, stacked: bool) -> PhotoRows:
    from flowersorter.domain.photo_rows import PhotoRows
    from flowersorter.domain.place import Paths

    ids = np.arange(1, count + 1, dtype=np.int64)
    looks = np.where(stacked & (ids % 10 < 4), ids - ids % 10, ids)
    return PhotoRows(
        place_ids=ids,
        photo_ids=ids + count,
        paths=Paths([f"/photos/{number // 500:03}/IMG_{number:06}.jpg" for number in range(count)]),
        errors=(None,) * count,
        label_ids=np.zeros(count, np.int32),
        by_person=np.zeros(count, np.bool_),
        class_ids=(looks * 7 % 12 + 1).astype(np.int32),
        confidences=((ids * 37 % 101) / 101).astype(np.float32),
        verdicts=(looks % 4 + 1).astype(np.uint8),
        marks=np.zeros(count, np.uint8),
        second_class_ids=np.zeros(count, np.int32),
        second_confidences=np.zeros(count, np.float32),
        caveats=np.zeros(count, np.uint8),
    )
