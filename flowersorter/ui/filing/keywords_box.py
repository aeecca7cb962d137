"""Offers to write the class of each sorted photo into a sidecar file as a keyword."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from flowersorter.ui.shared.indicators import CheckBox
from flowersorter.ui.shared.widgets import describe, plain


class KeywordsBox(CheckBox):
    """A check box. Lives in the GUI thread."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sort_keywords")
        self.setText(self.tr("Write the class as a &keyword into a sidecar file"))
        tip = self.tr("A small .xmp file beside the photo, which other photo programs read. Photos are never changed.")
        describe(self, plain(self.text()), tip)
