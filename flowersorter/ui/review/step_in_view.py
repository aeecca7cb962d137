"""Highlights the step that the section in view belongs to."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.grid.photo_model import PhotoModel
from flowersorter.ui.grid.sections import Section, SectionKind
from flowersorter.ui.review.progress import TO_CHECK
from flowersorter.ui.review.steps_bar import Step, StepsBar

_STEPS = {
    SectionKind.LOOK_ALIKES: Step.NAME,
    **dict.fromkeys(TO_CHECK, Step.CHECK),
    SectionKind.SURE: Step.SORT,
    SectionKind.CONFIRMED: Step.SORT,
}


class StepInView(QObject):
    """Tells the steps which of them the person is at. Lives in the GUI thread.

    Args:
        photos: The model of the grid.
        grid: The grid.
        steps: The steps.
        parent: Owns it.
    """

    def __init__(self, photos: PhotoModel, grid: PhotoGrid, steps: StepsBar, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._photos, self._grid, self._steps = photos, grid, steps
        grid.visible_changed.connect(self.show)
        grid.section_entered.connect(self.show)
        photos.sections_changed.connect(self.show)

    @Slot()
    def show(self) -> None:
        """Highlight the step of the section with the keyboard, if it is in view, else of the topmost one."""
        section = self._with_keyboard() or self._grid.section_at_top
        self._steps.show_in_view(None if section is None else _STEPS.get(section.kind))

    def _with_keyboard(self) -> Section | None:
        identity = self._grid.section_with_keyboard
        if identity is None or not self._grid.is_header_shown(identity):
            return None
        return next((each for each in self._photos.sections if each.identity == identity), None)
