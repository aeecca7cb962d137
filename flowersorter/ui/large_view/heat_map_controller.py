"""The heat map over the large photo: computed in a job, kept in memory."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject
from PySide6.QtGui import QColor, QImage

from flowersorter.jobs import CancelToken, Report
from flowersorter.ui.large_view.photo_canvas import PhotoCanvas
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.workers.job_queue import Listener
from flowersorter.workers.thumbnail_pool import Wanted
from flowersorter.workflows.engine import Engine

if TYPE_CHECKING:
    from flowersorter.workflows.explaining.heat_map import HeatMap, HeatMapRequest

_MOST_KEPT = 200  # of some kilobytes each
_OVERLAY_PX = 224
#: From cold to hot: position, red, green, blue and opacity. The cold is dark, so that the hot shows on any colour.
_COLOURS = ((0, 10, 12, 40, 150), (0.25, 40, 20, 60, 110), (0.5, 255, 150, 30, 70), (1, 255, 40, 20, 120))


@dataclass(frozen=True, slots=True)
class _HeatMapKey:
    """The inputs that determine a heat map."""

    photo_id: int
    class_id: int
    model_id: int | None


class HeatMapController(QObject):
    """Shows on a canvas where the network saw the suggested class. Lives in the GUI thread."""

    def __init__(self, session: Session, front: MessageSink, canvas: PhotoCanvas, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._front, self._canvas = session, front, canvas
        self._found: OrderedDict[_HeatMapKey, HeatMap] = OrderedDict()
        self._refitted = session.engine.refitted  # its heat maps are in memory; None: those of stored models
        self._job_id = 0
        self._class_name = self._said = ""

    def show(self, wanted: Wanted, class_id: int, class_name: str) -> None:
        """Show the heat map of a photo as soon as it is computed.

        Args:
            wanted: The photo; nothing is shown where it was not read yet.
            class_id: The suggested class, 0 for the most likely one.
            class_name: Its name, "" where none is suggested.
        """
        self.hide()
        self._class_name = class_name
        if not wanted.photo_id:
            return
        if self._session.engine.refitted is not self._refitted:
            self._found.clear()
            self._refitted = self._session.engine.refitted
        key = _HeatMapKey(wanted.photo_id, class_id, self._session.state.model_id)
        if (known := self._found.get(key)) is not None:
            self._found.move_to_end(key)
            self._show(known)
            return
        from flowersorter.workflows.explaining.heat_map import HeatMapRequest  # at first use, as most starts need none

        engine, request = self._session.engine, HeatMapRequest(wanted.path, class_id, self._session.device)

        def succeeded(found: object) -> None:
            self._keep(key, found)  # type: ignore[arg-type]  # the queue knows no types

        self._job_id = self._session.queue.submit(
            self.tr("Finding what the network saw"),
            lambda report, cancel: _heat_map(engine, request, report, cancel),
            Listener(succeeded=succeeded, failed=self._on_failed),
        )

    def hide(self) -> None:
        """Show the photo alone, and drop the heat map that is being computed."""
        self._session.queue.drop(self._job_id)
        self._canvas.clear_overlay()
        if self._said and self._front.bar.message.text() == self._said:
            self._front.bar.say("")

    def _keep(self, key: _HeatMapKey, found: HeatMap) -> None:
        self._found[key] = found
        while len(self._found) > _MOST_KEPT:
            self._found.popitem(last=False)
        self._show(found)

    def _show(self, found: HeatMap) -> None:
        self._canvas.show_overlay(overlay(found.cells), found.box, QColor(*_COLOURS[0][1:]))
        if self._class_name:
            text = self.tr("The bright parts support “{0}”. The network saw only the part inside the square.")
            self._said = text.format(self._class_name)
            self._front.bar.say(self._said)

    def _on_failed(self, error: Exception) -> None:
        self._front.bar.say(str(error))


def overlay(cells: NDArray[np.float32]) -> QImage:
    """Paint a heat map: transparent where it is cold, red where it is hot.

    Args:
        cells: (h, w) float32, 0 to 1.
    """
    smooth = _enlarged(_enlarged(cells, _OVERLAY_PX).T, _OVERLAY_PX).T
    positions, *channels = np.array(_COLOURS, np.float32).T
    red, green, blue, alpha = (np.interp(smooth, positions, channel) for channel in channels)
    pixels = np.ascontiguousarray(np.stack([red, green, blue, alpha], axis=2).round().astype(np.uint8))
    image = QImage(pixels.data, _OVERLAY_PX, _OVERLAY_PX, 4 * _OVERLAY_PX, QImage.Format.Format_RGBA8888)
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)  # a deep copy


def _enlarged(rows: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Interpolate each row between the middles of its cells: (h, w) -> (h, length)."""
    count = rows.shape[1]
    at = (np.arange(length) + 0.5) * count / length - 0.5
    return np.stack([np.interp(at, np.arange(count), row) for row in rows])


def _heat_map(engine: Engine, request: HeatMapRequest, report: Report, cancel: CancelToken) -> HeatMap:
    from flowersorter.workflows.explaining.heat_map import heat_map

    return heat_map(engine, request, report, cancel)
