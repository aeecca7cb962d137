"""The line below the photos: the last answer and its effect, with buttons for the next step."""

from __future__ import annotations

from PySide6.QtCore import QLocale, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from flowersorter.ui.shared import theme
from flowersorter.ui.shared.announcement import announce
from flowersorter.ui.shared.widgets import ShortenedLabel, button, describe

#: Width that the name of the answer keeps.
_LEAST_ACTION_PX = 90


class AnswerBar(QFrame):
    """Hidden while there is nothing to say; never takes the focus by itself. Lives in the GUI thread.

    Signals:
        take_requested(): Show the look-alikes; if they are shown, label the selected ones, too.
        see_requested(): Show the photos whose suggestion changed.
        dismissed(): The person pressed Esc in it.
    """

    take_requested = Signal()
    see_requested = Signal()
    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("answer_bar")
        self._announced: list[str] = []  # since the last answer
        self.action = self._label("answer_action")
        self.lookalikes = self._label("answer_lookalikes")
        self.take = button(self, "answer_take", "")
        self.changes = self._label("answer_changes")
        self.see = button(self, "answer_see", self.tr("S&ee"), self.tr("Show the suggestions before and now"))
        self.right = self._label("answer_right")
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.GAP_PX + theme.SMALL_GAP_PX, theme.SMALL_GAP_PX, theme.GAP_PX, theme.SMALL_GAP_PX)
        row.setSpacing(theme.GAP_PX)
        for part in (self.action, self.lookalikes, self.take, self.changes, self.see):
            row.addWidget(part)
        row.addStretch(1)
        row.addWidget(self.right)
        self.take.clicked.connect(self.take_requested)
        self.see.clicked.connect(self.see_requested)
        self.clear()
        self.hide()

    def _label(self, name: str) -> QLabel:
        label = ShortenedLabel(self)
        label.setObjectName(name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        label.setMinimumWidth(1)
        return label

    # -- display

    def clear(self) -> None:
        """Clear the texts; the bar keeps its height until `settle`: nothing beside it moves meanwhile."""
        self._announced = []
        if self.isVisible():
            self.setMinimumHeight(self.height())
        for label, press in (
            (self.action, None),
            (self.lookalikes, self.take),
            (self.changes, self.see),
            (self.right, None),
        ):
            self._say(label, "", press)

    def settle(self) -> None:
        """Show the bar if it has a text, else hide it; announce new texts to a screen reader."""
        said = [label.text() for label in (self.lookalikes, self.changes, self.right) if label.text()]
        if said and self.action.text():  # without any effect there is nothing to say of it
            said.insert(0, self.action.text())
        self.setMinimumHeight(0)
        self.setAccessibleName(" ".join(said) or self.tr("Effect of the last answer"))
        self.setVisible(bool(said))
        self._fit()
        announce(self, " ".join(text for text in said if text not in self._announced))
        self._announced = said

    def _fit(self) -> None:
        """Shorten the name of the answer before its effects: they are news."""
        row = self.layout()
        if row is None:
            return
        parts = (self.lookalikes, self.take, self.changes, self.see, self.right)
        shown = [each.sizeHint().width() + row.spacing() for each in parts if not each.isHidden()]
        edges = row.contentsMargins()
        left_px = self.width() - edges.left() - edges.right() - sum(shown) - row.spacing()
        self.action.setMaximumWidth(max(_LEAST_ACTION_PX, left_px))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the texts to the width."""
        super().resizeEvent(event)
        self._fit()

    def show_action(self, text: str) -> None:
        """Name the answer that the rest of the line is about."""
        self._say(self.action, text)

    def show_lookalikes(self, count: int) -> None:
        """Say how many photos look like those that were just labelled; nothing for none."""
        text = self.tr("1 more looks like this.") if count == 1 else self.tr("{0} more look like this.")
        self.take.setText(self.tr("Sh&ow it") if count == 1 else self.tr("Sh&ow them"))
        self.take.setToolTip(self.tr("Nothing gets a label before you have seen it (L)"))
        self.take.setEnabled(True)
        self._say(self.lookalikes, text.format(QLocale().toString(count)) if count else "", self.take)

    def ask_for_lookalikes(self, class_name: str, count: int) -> None:
        """Ask whether the photos shown are of the class; `count` are selected, and get its label."""
        self.take.setText(
            self.tr("&Take this photo") if count == 1 else self.tr("&Take these {0}").format(QLocale().toString(count))
        )
        self.take.setToolTip(self.tr("Give the selected photos this class (Enter)"))
        self.take.setEnabled(count > 0)
        text = self.tr("Are these “{0}”? Click a photo to leave it out.").format(class_name)
        self._say(self.lookalikes, text, self.take)

    def show_changes(self, count: int, unknown: int = 0) -> None:
        """Say how many other suggestions changed, and how many of these photos became unknown; nothing for none."""
        number = QLocale().toString
        if unknown == count:
            one, many = self.tr("1 other photo is unknown now."), self.tr("{0} other photos are unknown now.")
            text = one if count == 1 else many.format(number(count))
        elif unknown:
            one = self.tr("{0} other suggestions changed: 1 photo is unknown now.")
            many = self.tr("{0} other suggestions changed: {1} photos are unknown now.")
            text = (one if unknown == 1 else many).format(number(count), number(unknown))
        else:
            one, many = self.tr("1 other suggestion changed."), self.tr("{0} other suggestions changed.")
            text = one if count == 1 else many.format(number(count))
        self._say(self.changes, text if count else "", self.see)

    def show_right(self, before: int, now: int, photos: int) -> None:
        """Say how many of the same held-out photos the previous and the new model get right."""
        number = QLocale().toString
        self._say(self.right, self.tr("{0} → {1} of {2} right").format(number(before), number(now), number(photos)))
        tip = self.tr("Of the same confirmed photos, each predicted by a model that did not learn from it")
        describe(self.right, self.right.text(), tip)

    def _say(self, label: QLabel, text: str, press: QPushButton | None = None) -> None:
        label.setText(text)
        label.setToolTip(text)
        label.setVisible(bool(text))
        if press is not None:
            press.setVisible(bool(text))
            press.setAccessibleName(press.text().replace("&", "") if press is self.take else self.tr("See the changes"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses the button that has the focus, Esc dismisses the bar."""
        pressed = self.focusWidget()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(pressed, QPushButton):
            pressed.click()
        elif event.key() == Qt.Key.Key_Escape:
            self.dismissed.emit()
        else:
            super().keyPressEvent(event)
