"""Provides a canvas with the pictures of a photo: its thumbnail at once, screen size and full size when decoded."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QObject, QSize, Signal, Slot
from PySide6.QtGui import QImage

from flowersorter.messages import worded
from flowersorter.ui.large_view.photo_canvas import PhotoCanvas
from flowersorter.workers.latest_only import LatestOnly
from flowersorter.workers.thumbnail_loader import large_image
from flowersorter.workers.thumbnail_pool import ThumbnailPool, Wanted

#: Longest side of a picture that fills a screen, and of one in full: 108 megapixels, which take 430 MB.
SCREEN_PX, FULL_PX = 2560, 12_000
#: Pictures of screen size in memory: some ten.
SCREEN_CACHE_BYTES = 192 * 1024 * 1024
_SCREEN_THREADS = 2


def screen_pool(parent: QObject) -> ThumbnailPool:
    """Make the pool that decodes photos at screen size, the newest request first."""
    return ThumbnailPool(
        lambda wanted: large_image(wanted.path, SCREEN_PX),
        threads=_SCREEN_THREADS,
        max_bytes=SCREEN_CACHE_BYTES,
        parent=parent,
    )


class PhotoFeed(QObject):
    """Shows one photo on a canvas. Lives in the GUI thread; decodes in others.

    Args:
        canvas: Shows it.
        screen: Decodes at screen size; other feeds may share it.
        parent: Owns it.

    Signals:
        shown(Wanted): This photo is shown at screen size, or the reason why it cannot be shown.
    """

    shown = Signal(object)

    def __init__(self, canvas: PhotoCanvas, screen: ThumbnailPool, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._canvas, self._screen = canvas, screen
        self._wanted: Wanted | None = None
        self._full = LatestOnly(self)
        self._full.loaded.connect(self._on_full)
        screen.arrived.connect(self._on_arrived)
        screen.unreadable.connect(self._on_unreadable)
        canvas.full_wanted.connect(self._on_full_wanted)

    @property
    def wanted(self) -> Wanted | None:
        """The photo that is shown."""
        return self._wanted

    def show(self, wanted: Wanted, meanwhile: QImage | None, size: QSize | None = None) -> None:
        """Show another photo.

        Args:
            wanted: The photo.
            meanwhile: Its thumbnail, if there is one.
            size: Size of the file's picture, if it is known.
        """
        self._full.forget()
        self._wanted = wanted
        image = self._screen.image(wanted)
        self._canvas.show_photo(image if image is not None else meanwhile, size)
        if image is not None:
            self.shown.emit(wanted)

    def show_meanwhile(self, image: QImage) -> None:
        """Show the thumbnail that arrived, unless there is a sharper picture."""
        if not self._canvas.sharpness and not self._canvas.text:
            self._canvas.show_sharper(image)

    def show_problem(self, wanted: Wanted, reason: str) -> None:
        """Say why a photo cannot be shown."""
        self._full.forget()
        self._wanted = wanted
        text = self.tr("This photo cannot be shown:\n{0}").format(worded(reason))
        self._canvas.show_problem(text)
        self.shown.emit(wanted)

    def forget(self) -> None:
        """Show no photo, and drop its running decoding."""
        self._full.forget()
        self._wanted = None
        self._canvas.show_photo(None)

    def shutdown(self) -> None:
        """Wait for the photo being decoded."""
        self._full.shutdown()

    @Slot(object)
    def _on_arrived(self, place_ids: Sequence[int]) -> None:
        wanted = self._wanted
        if wanted is None or wanted.place_id not in place_ids:
            return
        image = self._screen.image(wanted)
        if image is not None:
            self._canvas.show_sharper(image)
            self.shown.emit(wanted)

    @Slot(object)
    def _on_unreadable(self, problems: Sequence[tuple[int, str]]) -> None:
        for place_id, reason in problems:
            if self._wanted is not None and self._wanted.place_id == place_id:
                self.show_problem(self._wanted, reason)

    @Slot()
    def _on_full_wanted(self) -> None:
        if self._wanted is not None:
            self._full.request(self._wanted, partial(large_image, self._wanted.path, FULL_PX))

    @Slot(object, object)
    def _on_full(self, wanted: Wanted, image: QImage) -> None:
        if wanted == self._wanted:
            self._canvas.show_sharper(image, full=True)
