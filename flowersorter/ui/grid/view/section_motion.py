"""The animation after an answer: removed photos fade, and the sections below glide to their new places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QEasingCurve, QObject, QRect, QVariantAnimation, Signal
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QWidget

from flowersorter.ui.grid.sections import Identity
from flowersorter.ui.grid.view.section_layout import SectionLayout


@dataclass(frozen=True, slots=True, eq=False)
class ViewBefore:
    """The view as it was.

    Attributes:
        layout: Where everything was.
        offset: y of the upper edge of the view.
        picture: Its tiles.
        headers: Its headers, by section; they are painted only where they are gone, as that takes long.
    """

    layout: SectionLayout
    offset: int
    picture: QPixmap
    headers: Mapping[Identity, QWidget]


class SectionMotion(QObject):
    """Animates the positions at which sections are drawn. Lives in the GUI thread; no timer runs at rest.

    Signals:
        moved(): The positions have changed: repaint.
    """

    moved = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._distances: dict[Identity, int] = {}
        self._picture = QPixmap()
        self._gone: list[QRect] = []
        self._animation = QVariantAnimation(self)
        self._animation.setStartValue(1.0)
        self._animation.setEndValue(0.0)
        self._animation.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._animation.valueChanged.connect(self.moved)
        self._animation.finished.connect(self._on_finished)

    @property
    def under_way(self) -> bool:
        """Whether an animation runs."""
        return self._animation.state() is QVariantAnimation.State.Running

    @property
    def shifts(self) -> dict[Identity, int]:
        """How much lower than its place each section is drawn; sections that are at their place are left out."""
        if not self.under_way:
            return {}
        left = float(self._animation.currentValue())
        return {identity: round(left * distance) for identity, distance in self._distances.items()}

    def start(self, before: ViewBefore, now: tuple[SectionLayout, int], duration_ms: int) -> None:
        """Begin where sections were before.

        Args:
            before: The view before.
            now: Where everything is now, and the y of the upper edge of the view.
            duration_ms: How long it takes.
        """
        ratio, picture = before.picture.devicePixelRatio(), before.picture
        width, height = round(picture.width() / ratio), round(picture.height() / ratio)
        old, old_offset, (new, new_offset) = before.layout, before.offset, now
        self._distances, self._gone = {}, []
        for number in new.sections_between(new_offset, new_offset + height):
            at = old.number_of(new.sections[number].identity)
            if at >= 0 and (distance := min(_moved(before, at, now, number), key=abs)):
                self._distances[new.sections[number].identity] = max(-height, min(height, distance))
        for at in old.sections_between(old_offset, old_offset + height):
            identity = old.sections[at].identity
            number = new.number_of(identity)
            left = 0
            if number >= 0:
                by_top, by_bottom = _moved(before, at, now, number)
                if abs(by_top) > abs(by_bottom):
                    continue  # the removed photos were above the view
                left = new.bottom(number) - new.top(number)
            top, bottom = old.top(at) - old_offset + left, old.bottom(at) - old_offset
            if bottom > max(top, 0):
                self._gone.append(QRect(0, top, width, bottom - top))
                if number < 0 and identity in before.headers:
                    header = before.headers[identity]
                    header.render(picture, header.pos())
        if self._distances or self._gone:
            self._picture = picture
            self._animation.setDuration(duration_ms)
            self._animation.start()
            self.moved.emit()

    def stop(self) -> None:
        """End the animation: everything is at its place."""
        if self.under_way:
            self._animation.stop()
            self._on_finished()

    def paint_gone(self, painter: QPainter) -> None:
        """Paint the removed photos, increasingly transparent."""
        if not self.under_way:
            return
        painter.save()
        painter.setOpacity(float(self._animation.currentValue()) ** 2)
        ratio = self._picture.devicePixelRatio()
        for box in self._gone:
            source = QRect(0, round(box.top() * ratio), round(box.width() * ratio), round(box.height() * ratio))
            painter.drawPixmap(box, self._picture, source)
        painter.restore()

    def _on_finished(self) -> None:
        self._distances, self._gone, self._picture = {}, [], QPixmap()
        self.moved.emit()


def _moved(before: ViewBefore, at: int, now: tuple[SectionLayout, int], number: int) -> tuple[int, int]:
    """How much lower in the view the upper and the lower edge of a section were."""
    old, (new, new_offset) = before.layout, now
    scrolled = new_offset - before.offset
    return old.top(at) - new.top(number) + scrolled, old.bottom(at) - new.bottom(number) + scrolled
