"""One photo as large as the window; arrows go on, Space or Esc closes."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QImage, QKeyEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from flowersorter.messages import worded
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import describe, open_at

#: Photos are judged before a dark, neutral ground, in light and dark alike.
GROUND, INK, MUTED_INK = QColor("#1b1b1b"), QColor("#f2f2f2"), QColor("#b4b4b4")
_STYLE = f"""
#preview_bar {{ background: {GROUND.name()}; }}
#preview_bar QLabel {{ color: {INK.name()}; }}
#preview_bar QLabel#preview_caption {{ color: {MUTED_INK.name()}; }}
#preview_bar QToolButton {{ border: 1px solid transparent; border-radius: 6px; padding: 4px; background: transparent; }}
#preview_bar QToolButton:hover {{ background: #3a3a3a; }}
#preview_bar QToolButton:focus {{ border-color: {MUTED_INK.name()}; }}
"""


class PreviewWindow(QDialog):
    """Shows one photo. Emits next and previous; closes itself.

    Signals:
        next_requested(): Show the next photo (right arrow).
        previous_requested(): Show the one before (left arrow).
    """

    next_requested = Signal()
    previous_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("preview_window")
        self.setWindowTitle(self.tr("Preview"))
        self.setAccessibleName(self.tr("Preview"))
        self.setSizeGripEnabled(False)
        self.setStyleSheet(_STYLE)
        self.canvas = _Canvas(self)
        self.name, self.caption = _ElidedLabel(self), _ElidedLabel(self)
        self.name.setObjectName("preview_name")
        self.caption.setObjectName("preview_caption")
        self.previous_button = self._arrow("previous", self.tr("Previous photo"), "←")
        self.next_button = self._arrow("next", self.tr("Next photo"), "→")
        self.previous_button.clicked.connect(self.previous_requested)
        self.next_button.clicked.connect(self.next_requested)
        self._build()

    def _arrow(self, icon: str, text: str, key: str) -> QToolButton:
        made = QToolButton(self)
        made.setObjectName(f"preview_{icon}_button")
        made.setIcon(theme.icon(icon, INK))
        made.setIconSize(QSize(22, 22))
        describe(made, text, f"{text} ({key})")
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return made

    def _build(self) -> None:
        bar = QWidget(self)
        bar.setObjectName("preview_bar")
        bar.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        texts = QVBoxLayout()
        texts.setSpacing(0)
        for label in (self.name, self.caption):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            texts.addWidget(label)
        row = QHBoxLayout(bar)
        row.setContentsMargins(theme.GAP_PX, theme.GAP_PX, theme.GAP_PX, theme.GAP_PX)
        row.addWidget(self.previous_button)
        row.addLayout(texts, 1)
        row.addWidget(self.next_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.canvas, 1)
        column.addWidget(bar)
        open_at(self, 130, 46)
        self.setMinimumSize(320, 240)
        self.canvas.setFocus()

    def show_photo(self, image: QImage, name: str, caption: str = "") -> None:
        """Show a photo.

        Args:
            image: Upright.
            name: Of the file.
            caption: Class, verdict and number ("roses, sure · 12 of 292").
        """
        self._name(name, caption)
        self.canvas.show_image(image)

    def show_waiting(self, name: str, caption: str = "", meanwhile: QImage | None = None) -> None:
        """Show the thumbnail, or nothing, until the photo is there."""
        self._name(name, caption)
        if meanwhile is not None and not meanwhile.isNull():
            self.canvas.show_image(meanwhile)
        else:
            self.canvas.show_text("")

    def show_problem(self, name: str, reason: str, caption: str = "") -> None:
        """Say why this photo cannot be shown."""
        self._name(name, caption)
        self.canvas.show_text(self.tr("This photo cannot be shown:\n{0}").format(worded(reason)))

    def _name(self, name: str, caption: str) -> None:
        self.name.set_text(name)
        self.caption.set_text(caption)
        self.setWindowTitle(name or self.tr("Preview"))
        self.canvas.setAccessibleName(", ".join(filter(None, (name, caption))))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go on, Space and Esc close."""
        match event.key():
            case Qt.Key.Key_Right | Qt.Key.Key_Down | Qt.Key.Key_PageDown:
                self.next_requested.emit()
            case Qt.Key.Key_Left | Qt.Key.Key_Up | Qt.Key.Key_PageUp:
                self.previous_requested.emit()
            case Qt.Key.Key_Space | Qt.Key.Key_Escape:
                self.close()
            case _:
                super().keyPressEvent(event)


class _Canvas(QWidget):
    """Paints the photo, fitted and never enlarged beyond twice its size."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("preview_photo")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._image, self._text = QImage(), ""
        self._fitted = QPixmap()

    def show_image(self, image: QImage) -> None:
        self._image, self._text = image, ""
        self._fitted = QPixmap()
        self.update()

    def show_text(self, text: str) -> None:
        self._image, self._text = QImage(), text
        self._fitted = QPixmap()
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), GROUND)
        if self._text:
            painter.setPen(INK)
            room = self.rect().adjusted(24, 24, -24, -24)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._text)
        elif not self._image.isNull():
            place = self.photo_rect()
            painter.drawPixmap(place.toRect().topLeft(), self._fit(place))
        painter.end()

    def photo_rect(self) -> QRectF:
        """Where the photo is painted, in logical pixels."""
        room = QRectF(self.rect())
        size = self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        size = size.boundedTo(self._image.size() * 2)
        place = QRectF(0, 0, size.width(), size.height())
        place.moveCenter(room.center())
        return place

    def _fit(self, place: QRectF) -> QPixmap:
        """Scale once for a size, not with every paint."""
        ratio = self.devicePixelRatioF()
        wanted = QSize(round(place.width() * ratio), round(place.height() * ratio))
        if self._fitted.size() != wanted:
            modes = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
            self._fitted = QPixmap.fromImage(self._image.scaled(wanted, *modes))
            self._fitted.setDevicePixelRatio(ratio)
        return self._fitted


class _ElidedLabel(QLabel):
    """One line that is shortened in the middle where there is too little room."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.whole = ""

    def set_text(self, text: str) -> None:
        self.whole = text
        self.setToolTip(text)
        self._shorten()

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize:
            self._shorten()
        return super().event(event)

    def _shorten(self) -> None:
        metrics = QFontMetrics(self.font())
        self.setText(metrics.elidedText(self.whole, Qt.TextElideMode.ElideMiddle, self.width()))
