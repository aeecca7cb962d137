"""Chooses which photos are sorted."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QComboBox, QSizePolicy, QWidget

from flowersorter.ui.shared.widgets import count_photos, describe
from flowersorter.workflows.filing.sort import Include


class IncludeBox(QComboBox):
    """Lists the choices with their numbers of photos, the most careful one first. Lives in the GUI thread.

    Args:
        include: Chosen at first.
        parent: The dialog.
    """

    def __init__(self, include: Include, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sort_include")
        describe(self, self.tr("Which photos"), self.tr("Confirmed photos are always sorted"))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        for each in (Include.LABELLED, Include.SURE, Include.LIKELY, Include.ALL):
            self.addItem(include_words(each), each)
        self.setCurrentIndex(self.findData(include))

    @property
    def chosen(self) -> Include:
        """The choice."""
        return Include(self.currentData())

    def show_counts(self, counts: Mapping[Include, int]) -> None:
        """Show how many photos each choice includes."""
        for at in range(self.count()):
            include = self.itemData(at)
            self.setItemText(at, self.tr("{0}: {1}").format(include_words(include), count_photos(counts[include])))


def include_words(include: Include) -> str:
    """Name a choice."""
    return {
        Include.LABELLED: _tr("Only confirmed"),
        Include.SURE: _tr("Confirmed and sure"),
        Include.LIKELY: _tr("Confirmed, sure and likely"),
        Include.ALL: _tr("All except unknown"),
    }[include]


def _tr(text: str) -> str:
    return QCoreApplication.translate("IncludeBox", text)
