"""Window actions that open a dialog or an external program.

Dialogs are imported on first use, so that the window appears sooner.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QUrl, Signal, Slot
from PySide6.QtGui import QAction, QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFileDialog

from flowersorter.library.tables.settings import BACKBONE, LAST_FOLDER
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.shared.session import MessageSink, Session


class WindowController(QObject):
    """Opens dialogs and other programs.

    Signals:
        folder_chosen(Path): Open this folder.
        place_requested(place id): Go to this photo.
    """

    folder_chosen = Signal(object)
    place_requested = Signal(int)

    def __init__(
        self,
        session: Session,
        front: MessageSink,
        grid: PhotoGrid,
        actions: Sequence[QAction],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._grid, self._actions = session, front, grid, actions

    @property
    def handlers(self) -> dict[str, Callable[[], None]]:
        """The handlers of the help menu by action."""
        return {"about": self.show_about, "help": self.show_keys}

    @Slot()
    def ask_for_folder(self) -> None:
        """Let the person choose a folder."""
        start = self._session.state.setting(LAST_FOLDER) or str(Path.home())
        chosen = QFileDialog.getExistingDirectory(self._front.window, self.tr("Open a folder of photos"), start)
        if chosen:
            self.folder_chosen.emit(Path(chosen))

    @Slot(object)
    def show_in_folder(self, path: Path) -> None:
        """Open the photo's folder in the file manager."""
        self.open_folder_of(path.parent)

    @Slot()
    def show_selected_in_folder(self) -> None:
        """Open the folder of the first selected photo."""
        selected = self._grid.selected_places()
        path = self._session.photos.path_of(selected[0]) if selected else None
        if path is not None:
            self.show_in_folder(path)

    @Slot()
    def copy_paths(self) -> None:
        """Put the paths of the selected photos on the clipboard, one a line."""
        paths = [self._session.photos.path_of(place_id) for place_id in self._grid.selected_places()]
        if paths:
            QGuiApplication.clipboard().setText("\n".join(str(path) for path in paths if path is not None))
            one, many = self.tr("Path copied."), self.tr("{0} paths copied.").format(len(paths))
            self._front.bar.say(one if len(paths) == 1 else many)

    @Slot(object)
    def go_to_path(self, path: Path) -> None:
        """Select a photo of the open folder; show one of another folder in the file manager."""
        columns = self._session.photos.columns
        try:
            row = columns.paths.index(path)
        except ValueError:
            self.show_in_folder(path)
            return
        self.place_requested.emit(int(columns.place_ids[row]))

    # -- dialogs

    def open_folder_of(self, folder: Path) -> None:
        """Open a folder in the file manager."""
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            self._front.bar.say(self.tr("The folder could not be opened: {0}").format(folder))

    @Slot()
    def show_about(self) -> None:
        """Show the About dialog."""
        from flowersorter.ui.window.about_dialog import AboutDialog

        dialog = AboutDialog(self._backbone(), self._front.window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _backbone(self) -> str:
        """Title of the collection's backbone."""
        from flowersorter.workflows.models.backbones import list_backbones

        known, used = list_backbones(), self._session.state.stored_setting(BACKBONE)
        return next((info.title for info in known if info.name == used), used) or known[0].title

    @Slot()
    def show_keys(self) -> None:
        """Show the table of shortcuts."""
        from flowersorter.ui.window.shortcuts_dialog import ShortcutsDialog

        dialog = ShortcutsDialog(self._actions, self._front.window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
