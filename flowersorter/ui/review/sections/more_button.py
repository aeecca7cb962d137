"""The button "…" at the end of a line of buttons: a menu of those that have no room."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QMenu, QPushButton, QSizePolicy, QToolButton, QWidget

from flowersorter.ui.shared.widgets import describe


class MoreButton(QToolButton):
    """Shown only where a button has no room. Lives in the GUI thread."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("section_more")
        self.setText("…")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        tip = self.tr("More answers")
        describe(self, tip, tip)
        self._hidden: list[QPushButton] = []
        menu = QMenu(self)
        menu.setObjectName("section_more_menu")
        menu.aboutToShow.connect(self._fill)
        self.setMenu(menu)
        self.hide()

    def fit(self, buttons: Sequence[QPushButton], room_px: int, gap_px: int) -> None:
        """Show the buttons that have room, the menu has the others.

        Args:
            buttons: The most useful one first; one without a text is not used at the moment.
            room_px: Width for all of them, with a gap before each.
            gap_px: That gap.
        """
        used = [each for each in buttons if each.text()]
        widths_px = {each: each.sizeHint().width() + gap_px for each in used}
        if sum(widths_px.values()) > room_px:
            room_px -= self.sizeHint().width() + gap_px
        self._hidden = []
        for each in buttons:
            fits = each in widths_px and widths_px[each] <= room_px
            each.setVisible(fits)
            if fits:
                room_px -= widths_px[each]
            elif each in widths_px:
                self._hidden.append(each)
        self.setVisible(bool(self._hidden))

    @Slot()
    def _fill(self) -> None:
        """List the hidden buttons as they are now."""
        menu = self.menu()
        menu.clear()
        for each in self._hidden:
            action = menu.addAction(each.text())
            action.setObjectName(each.objectName())
            action.setToolTip(each.toolTip())
            action.setEnabled(each.isEnabled())
            action.triggered.connect(each.click)
