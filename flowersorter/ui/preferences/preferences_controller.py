"""Preferences: device, backbone with its download, and the active model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QGuiApplication

from flowersorter.domain.changes import Changes
from flowersorter.errors import UserError
from flowersorter.jobs import Progress
from flowersorter.library.files.locations import personal_settings_file
from flowersorter.library.files.personal_settings import (
    PersonalSettings,
    read_personal_settings,
    store_personal_settings,
)
from flowersorter.library.tables.settings import DEVICE, WRITE_KEYWORDS
from flowersorter.ui.desktop.colour_scheme import ColourScheme
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.models.model_page import StarterInfo
from flowersorter.ui.models.models_controller import ModelsController
from flowersorter.ui.preferences.cache_controller import CacheController
from flowersorter.ui.preferences.preferences_dialog import Preferences, PreferencesDialog
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.workers.job_queue import Listener
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.models.backbones import download_backbone, install_backbone, list_backbones
from flowersorter.workflows.models.stored_preferences import (
    StoredPreferences,
    model_follows,
    read_preferences,
    require_driver,
    store_preferences,
)
from flowersorter.workflows.models.sure_precision import Following

Change: TypeAlias = Callable[[Preferences], Preferences]


class PreferencesController(QObject):
    """Shows the dialog and runs its actions.

    Signals:
        predictions_outdated(): Another backbone, model or target precision is active.
        places_requested(list of place ids, title): Show these photos.
    """

    predictions_outdated = Signal()
    places_requested = Signal(object, str)

    def __init__(
        self,
        session: Session,
        front: MessageSink,
        grid: PhotoGrid,
        cache: CacheController,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._grid, self._cache = session, front, grid, cache
        self._dialog: PreferencesDialog | None = None
        self._now = Preferences()
        self._job_id, self._name = 0, ""
        self._models_wanted = False
        self._models = ModelsController(session, front, self)
        self._models.predictions_outdated.connect(self.predictions_outdated)
        self._models.places_requested.connect(self.places_requested)
        session.queue.progressed.connect(self._on_progress)
        session.queue.finished.connect(self._show_following)  # a job may change the model in use

    @Slot()
    def show(self) -> None:
        """Show the dialog. The window stays usable, so that the photos behind a number can be shown."""
        self._session.library.submit(partial(_read, self._session.engine), self._show)

    def _show(self, read: tuple[StoredPreferences, PersonalSettings]) -> None:
        if self._dialog is None:
            self._dialog = self._made(*read)
            self._show_following()
            self._dialog.show()
            self._cache.count()
        if self._models_wanted:
            self._models_wanted = False
            self._dialog.tabs.setCurrentWidget(self._dialog.models)
            self._dialog.models.list.setFocus()
        self._dialog.raise_()
        self._dialog.activateWindow()

    @Slot()
    def show_models(self) -> None:
        """Show the models."""
        self._models_wanted = True
        self.show()

    def _made(self, stored: StoredPreferences, personal: PersonalSettings) -> PreferencesDialog:
        model = stored.starter
        self._now = Preferences(
            self._session.device,
            stored.backbone,
            self._grid.tile_size,
            stored.cache_limit_mb,
            stored.sure_precision,
            stored.moves_sorted_copies or False,
            self._session.state.setting(WRITE_KEYWORDS),
            personal,
        )
        dialog = PreferencesDialog(
            self._now,
            list_backbones(),
            list(stored.models),
            StarterInfo(
                tuple(model.class_names), model.training.photos, model.training.held_out_accuracy, model.backbone
            ),
            self._front.window,
        )
        dialog.appearance.language_chosen.connect(self._on_language)
        dialog.appearance.colours_chosen.connect(self._on_colours)
        dialog.device_chosen.connect(self._on_device)
        dialog.precision_chosen.connect(self._on_precision)
        dialog.copies_chosen.connect(self._on_copies)
        dialog.keywords_chosen.connect(self._on_keywords)
        dialog.backbone_chosen.connect(self._on_backbone)
        dialog.cache_limit_chosen.connect(self._on_cache_limit)
        dialog.thumbnail_chosen.connect(self._grid.set_tile_size)
        self._grid.tile_size_changed.connect(dialog.show_thumbnail_size)
        dialog.download_requested.connect(self._on_download)
        dialog.cancel_requested.connect(self._on_cancel)
        dialog.install_requested.connect(self._on_install)
        dialog.models.backbone_in_use.connect(self._on_backbone_in_use)
        self._models.serve(dialog.models)
        dialog.cache.empty_requested.connect(self._cache.empty)
        self._cache.counted.connect(dialog.cache.show_state)
        self._cache.not_counted.connect(dialog.cache.show_problem)
        dialog.finished.connect(self._on_closed)
        return dialog

    # -- a change, used at once

    @Slot(str)
    def _on_language(self, language: str) -> None:
        self._store_personal(replace(self._now.personal, language=language))

    @Slot(str)
    def _on_colours(self, colours: str) -> None:
        self._store_personal(replace(self._now.personal, colours=colours))

    def _store_personal(self, personal: PersonalSettings) -> None:
        self._session.library.submit(
            partial(store_personal_settings, personal_settings_file(), personal),
            lambda _nothing: self._on_personal(personal),
            self._on_refused,
        )

    def _on_personal(self, personal: PersonalSettings) -> None:
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        ColourScheme.of(application).choose(personal.colours)
        self._on_used(partial(replace, personal=personal))

    @Slot(str)
    def _on_device(self, device: str) -> None:
        done = partial(self._on_device_there, device)
        self._session.library.submit(partial(require_driver, device), done, self._on_refused)

    def _on_device_there(self, device: str, _nothing: object) -> None:
        self._session.state.set_setting(DEVICE, device)
        self._on_used(partial(replace, device=device), outdated=True)  # a folder that is being read goes on with it

    @Slot(float)
    def _on_precision(self, precision: float) -> None:
        self._store(partial(replace, sure_precision=precision), precision=precision)

    @Slot(bool)
    def _on_copies(self, wanted: bool) -> None:
        self._store(partial(replace, moves_sorted_copies=wanted), move_copies=wanted)

    @Slot(bool)
    def _on_keywords(self, wanted: bool) -> None:
        self._session.state.set_setting(WRITE_KEYWORDS, wanted)  # the Sort sheet reads it there
        self._on_used(partial(replace, writes_keywords=wanted))

    @Slot(str)
    def _on_backbone(self, name: str) -> None:
        self._store(partial(replace, backbone=name), backbone=name)

    @Slot(str)
    def _on_backbone_in_use(self, name: str) -> None:
        """A model was chosen, and its backbone came with it."""
        self._now = replace(self._now, backbone=name)

    @Slot(int)
    def _on_cache_limit(self, limit_mb: int) -> None:
        done = partial(self._on_used, partial(replace, cache_limit_mb=limit_mb))
        self._cache.set_limit(limit_mb, done, self._on_refused)

    def _store(self, change: Change, **stored: Any) -> None:
        self._session.library.submit(
            partial(store_preferences, self._session.engine, **stored),
            lambda outdated: self._on_used(change, outdated=outdated),
            self._on_refused,
            changes=Changes.SETTINGS,
        )

    def _on_used(self, change: Change, *, outdated: bool = False) -> None:
        self._now = change(self._now)
        if self._dialog is not None:
            self._dialog.show_problem("")
        if outdated:
            self.predictions_outdated.emit()

    def _on_refused(self, error: Exception) -> None:
        """Say beside the settings why one could not be used, and show those that are."""
        if self._dialog is None or not isinstance(error, UserError):
            self._front.complain(error)
        if self._dialog is not None:
            self._dialog.show_preferences(self._now)
            self._dialog.show_problem(str(error) if isinstance(error, UserError) else "")

    @Slot()
    def _show_following(self) -> None:
        """Show whether the active model supports another target precision."""
        if self._dialog is not None:
            self._session.library.submit(partial(model_follows, self._session.engine), self._on_following)

    def _on_following(self, found: Following) -> None:
        if self._dialog is not None:
            self._dialog.sure_precision.show_following(found)

    @Slot(str)
    def _on_download(self, name: str) -> None:
        self._fetch(name, self.tr("Downloading {0}").format(name), None)

    @Slot(str, object)
    def _on_install(self, name: str, file: Path) -> None:
        self._fetch(name, self.tr("Checking the file"), file)

    def _fetch(self, name: str, title: str, file: Path | None) -> None:
        self._name = name
        listener = Listener(succeeded=self._on_fetched, failed=self._on_fetch_failed, cancelled=self._show_backbones)
        self._job_id = self._session.queue.submit(
            title,
            lambda report, cancel: (
                install_backbone(name, file) if file is not None else download_backbone(name, report, cancel)
            ),
            listener,
        )

    @Slot()
    def _on_cancel(self) -> None:
        self._session.queue.cancel(self._job_id)

    @Slot(int, object)
    def _on_progress(self, job_id: int, progress: Progress) -> None:
        if job_id == self._job_id and self._dialog is not None:
            self._dialog.backbones.show_download(self._name, progress.done, progress.total)

    def _on_fetched(self, _result: object) -> None:
        self._show_backbones()

    def _on_fetch_failed(self, error: Exception) -> None:
        self._show_backbones()
        if self._dialog is not None and isinstance(error, UserError):
            self._dialog.backbones.show_problem(str(error))
        else:
            self._front.complain(error)

    def _show_backbones(self) -> None:
        if self._dialog is not None:
            self._dialog.backbones.show_backbones(list_backbones())

    @Slot()
    def _on_closed(self) -> None:
        if self._dialog is not None:
            self._models.leave()
            self._dialog.deleteLater()
            self._dialog = None


def _read(engine: Engine) -> tuple[StoredPreferences, PersonalSettings]:
    return read_preferences(engine), read_personal_settings(personal_settings_file())
