"""Chooses which photos are sorted."""

from __future__ import annotations

from collections.abc import Mapping

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
        self._texts = {
            Include.LABELLED: self.tr("Only confirmed"),
            Include.SURE: self.tr("Confirmed and sure"),
            Include.LIKELY: self.tr("Confirmed, sure and likely"),
            Include.ALL: self.tr("All except unknown"),
        }
        for each, text in self._texts.items():
            self.addItem(text, each)
        self.setCurrentIndex(self.findData(include))

    @property
    def chosen(self) -> Include:
        """The choice."""
        return Include(self.currentData())

    def show_counts(self, counts: Mapping[Include, int]) -> None:
        """Show how many photos each choice includes."""
        for include, text in self._texts.items():
            line = self.tr("{0}: {1}").format(text, count_photos(counts[include]))
            self.setItemText(self.findData(include), line)
