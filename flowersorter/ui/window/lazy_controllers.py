"""The controllers behind the dialogs: imported and made on first use.

With the workflows they need (sort plans, figures, models, reading photos) they take longer to import than the window
takes to appear, and its first picture shows nothing of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from flowersorter.ui.grid.folder_controller import FolderController
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.labels.labels_controller import LabelsController
from flowersorter.ui.preferences.cache_controller import CacheController
from flowersorter.ui.shared.session import MessageSink, Session

if TYPE_CHECKING:
    from flowersorter.ui.desktop.diagnostics_controller import DiagnosticsController
    from flowersorter.ui.evaluation.check_sample_controller import CheckSampleController
    from flowersorter.ui.evaluation.evaluation_controller import EvaluationController
    from flowersorter.ui.filing.filing_controller import FilingController
    from flowersorter.ui.filing.history.resume_controller import ResumeController
    from flowersorter.ui.filing.verify_controller import VerifyController
    from flowersorter.ui.grid.scan_options_controller import ScanOptionsController
    from flowersorter.ui.keywords.exchange_controller import ExchangeController
    from flowersorter.ui.keywords.take_controller import TakeKeywordsController
    from flowersorter.ui.keywords.write_controller import WriteKeywordsController
    from flowersorter.ui.labels.label_errors_controller import LabelErrorsController
    from flowersorter.ui.labels.label_next_controller import LabelNextController
    from flowersorter.ui.labels.lost_labels_controller import LostLabelsController
    from flowersorter.ui.labels.similar_photos_controller import SimilarPhotosController
    from flowersorter.ui.models.import_export_controller import ImportExportController
    from flowersorter.ui.preferences.preferences_controller import PreferencesController
    from flowersorter.ui.training.finetune_controller import FinetuneController
    from flowersorter.workflows.filing.sort import Include


class LazyControllers(QObject):
    """Creates each controller on first use and forwards its signals. Lives in the GUI thread.

    Signals:
        files_changed(): Photos came or went on disk; the folder should be rescanned.
        predictions_outdated(): Another backbone or model is active.
        places_requested(list of place ids, title): Show these photos.
        folder_chosen(Path): Open this folder.
        ranked_requested(list of place ids, title): Show these photos in this order.
        suggestions_changed(): Emitted by others when suggestions change.
        sort_undoable(run id): This sort is the last step and can be undone; 0 once a sort was undone.
        resume_requested(run id): Continue this sort, once learning has settled.
    """

    files_changed = Signal()
    predictions_outdated = Signal()
    places_requested = Signal(object, str)
    folder_chosen = Signal(object)
    ranked_requested = Signal(object, str)
    suggestions_changed = Signal()
    sort_undoable = Signal(int)
    resume_requested = Signal(int)

    def __init__(
        self,
        session: Session,
        front: MessageSink,
        folder: FolderController,
        grid: PhotoGrid,
        cache: CacheController,
        labels: LabelsController,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._folder, self._grid, self._cache = session, front, folder, grid, cache
        self._labels = labels

    @Slot()
    def sort(self) -> None:
        """Sort the photos, after a preview."""
        self.sorting.start()

    @Slot()
    def show_scan_options(self) -> None:
        """Let the person choose the files that a scan leaves out."""
        self.scanning.show()

    @Slot()
    def undo_sort(self) -> None:
        """Undo the newest sort."""
        self.sorting.undo_last()

    @Slot(int, object)
    def undo_run(self, run_id: int, declined: Callable[[], None]) -> None:
        """Undo a sort after asking; call `declined` if it stays."""
        self.sorting.ask_to_undo_run(run_id, declined)

    def resume_sort(self, run_id: int) -> None:
        """Continue a sort."""
        self.resuming.resume(run_id)

    @Slot()
    def show_history(self) -> None:
        """Show every sort."""
        self.sorting.show_history()

    @Slot()
    def verify(self) -> None:
        """Read every sorted photo."""
        self.verifying.start()

    @Slot()
    def write_keywords(self) -> None:
        """Write the classes of confirmed photos into sidecar files, after asking."""
        self.writing_keywords.start()

    @Slot()
    def take_keywords(self) -> None:
        """Label photos with keywords of other programs."""
        self.taking_keywords.start()

    @Slot()
    def take_labels(self) -> None:
        """Label photos as a file of another program says."""
        self.exchanging.take_labels()

    @Slot()
    def export_labels(self) -> None:
        """Save labels and suggestions for other programs."""
        self.exchanging.export_labels()

    @Slot()
    def export_model(self) -> None:
        """Save the model as a file."""
        self.taking.export_model()

    @Slot()
    def import_model(self) -> None:
        """Add a model from a file."""
        self.taking.import_model()

    @Slot()
    def evaluate(self) -> None:
        """Measure how often the suggestions are right."""
        self.evaluation.start()

    @Slot()
    def check_sample(self) -> None:
        """Ask about photos drawn at random, to say how many of the suggestions that Sort takes are right."""
        self.sampling.start(self.sorting.included)

    @Slot(object, object)
    def _check_before_sort(self, include: Include, then: Callable[[], None]) -> None:
        self.sampling.start(include, then)

    @Slot()
    def finetune(self) -> None:
        """Finetune the network, with the options that the person chooses."""
        self.deep.show()

    @Slot()
    def check_labels(self) -> None:
        """Go through the labels that may be wrong."""
        self.doubts.start()

    @Slot()
    def offer_to_check_labels(self) -> None:
        """Say after a training if some labels may be wrong."""
        self.doubts.offer()

    @Slot()
    def offer_lost_labels(self) -> None:
        """Say after a scan if the photos of some labels are gone."""
        self.lost.offer()

    @Slot()
    def label_next(self) -> None:
        """Show the photos whose labels would help most."""
        self.advice.start()

    @Slot()
    def show_similar(self) -> None:
        """Show the photos that resemble the selected one."""
        self.similar.show()

    def shutdown(self) -> None:
        """Wait for running loads."""
        for name in ("similar", "doubts", "sampling", "taking", "exchanging"):
            if name in self.__dict__:  # made by now
                getattr(self, name).shutdown()

    @Slot()
    def show_preferences(self) -> None:
        """Let the person choose device, backbone and model."""
        self.preferences.show()

    @Slot()
    def show_models(self) -> None:
        """Show the model versions, and let the person go back to one."""
        self.preferences.show_models()

    @Slot()
    def save_diagnostics(self) -> None:
        """Save a report for the developers."""
        self.diagnostics.save()

    # -- the controllers

    @cached_property
    def sorting(self) -> FilingController:
        """Owns the sort dialog, the history and their jobs."""
        from flowersorter.ui.filing.filing_controller import FilingController

        made = FilingController(self._session, self._front, self._folder, self)
        self.suggestions_changed.connect(made.suggestions_changed)
        made.files_changed.connect(self.files_changed)
        made.places_requested.connect(self.places_requested)
        made.check_requested.connect(self._check_before_sort)
        made.undoable.connect(self.sort_undoable)
        made.resume_requested.connect(self.resume_requested)
        return made

    @cached_property
    def resuming(self) -> ResumeController:
        """Owns the jobs that continue sorts."""
        from flowersorter.ui.filing.history.resume_controller import ResumeController

        made = ResumeController(self._session, self._front, self)
        made.files_changed.connect(self.files_changed)
        made.undoable.connect(self.sort_undoable)
        return made

    @cached_property
    def scanning(self) -> ScanOptionsController:
        """Owns the dialog of the scan options."""
        from flowersorter.ui.grid.scan_options_controller import ScanOptionsController

        return ScanOptionsController(self._session, self._front, self._folder, self)

    @cached_property
    def verifying(self) -> VerifyController:
        """Owns the verification and its dialog."""
        from flowersorter.ui.filing.verify_controller import VerifyController

        return VerifyController(self._session, self._front, self)

    @cached_property
    def writing_keywords(self) -> WriteKeywordsController:
        """Owns the writing of keywords and its question."""
        from flowersorter.ui.keywords.write_controller import WriteKeywordsController

        made = WriteKeywordsController(self._session, self._front, self._folder, self)
        made.undoable.connect(self.sort_undoable)
        made.undo_requested.connect(self.sorting.ask_to_undo_run)
        return made

    @cached_property
    def taking_keywords(self) -> TakeKeywordsController:
        """Owns the labels from keywords and their dialog."""
        from flowersorter.ui.keywords.take_controller import TakeKeywordsController

        return TakeKeywordsController(self._session, self._front, self._folder, self._labels, self)

    @cached_property
    def exchanging(self) -> ExchangeController:
        """Owns the labels from files of other programs, their dialog, and the export of labels."""
        from flowersorter.ui.keywords.exchange_controller import ExchangeController

        made = ExchangeController(self._session, self._front, self._folder, self._labels, self)
        made.folder_chosen.connect(self.folder_chosen)
        return made

    @cached_property
    def taking(self) -> ImportExportController:
        """Owns export and import."""
        from flowersorter.ui.models.import_export_controller import ImportExportController

        made = ImportExportController(self._session, self._front, self)
        made.predictions_outdated.connect(self.predictions_outdated)
        return made

    @cached_property
    def evaluation(self) -> EvaluationController:
        """Owns the measurement and its dialog."""
        from flowersorter.ui.evaluation.evaluation_controller import EvaluationController

        made = EvaluationController(self._session, self._front, self)
        made.places_requested.connect(self.places_requested)
        return made

    @cached_property
    def sampling(self) -> CheckSampleController:
        """Owns the check of a sample and its dialog."""
        from flowersorter.ui.evaluation.check_sample_controller import CheckSampleController

        return CheckSampleController(self._session, self._front, self._folder, self._labels, self)

    @cached_property
    def deep(self) -> FinetuneController:
        """Owns deep training and its dialog."""
        from flowersorter.ui.training.finetune_controller import FinetuneController

        made = FinetuneController(self._session, self._front, self)
        made.predictions_outdated.connect(self.predictions_outdated)
        return made

    @cached_property
    def doubts(self) -> LabelErrorsController:
        """Owns the check of the labels and its dialog."""
        from flowersorter.ui.labels.label_errors_controller import LabelErrorsController

        return LabelErrorsController(self._session, self._front, self._labels, self)

    @cached_property
    def lost(self) -> LostLabelsController:
        """Owns the question about labels whose photos are gone."""
        from flowersorter.ui.labels.lost_labels_controller import LostLabelsController

        made = LostLabelsController(self._session, self._front, self)
        made.places_requested.connect(self.places_requested)
        return made

    @cached_property
    def advice(self) -> LabelNextController:
        """Owns the suggestion of photos to label and its panel."""
        from flowersorter.ui.labels.label_next_controller import LabelNextController

        made = LabelNextController(self._session, self._front, self._folder, self._grid, self)
        made.places_requested.connect(self.places_requested)
        return made

    @cached_property
    def diagnostics(self) -> DiagnosticsController:
        """Owns the report for the developers."""
        from flowersorter.ui.desktop.diagnostics_controller import DiagnosticsController

        return DiagnosticsController(self._session, self._front, self)

    @cached_property
    def similar(self) -> SimilarPhotosController:
        """Owns the search for similar photos."""
        from flowersorter.ui.labels.similar_photos_controller import SimilarPhotosController

        made = SimilarPhotosController(self._session, self._front, self._grid, self)
        made.found.connect(self.ranked_requested)
        return made

    @cached_property
    def preferences(self) -> PreferencesController:
        """Owns the Preferences dialog."""
        from flowersorter.ui.preferences.preferences_controller import PreferencesController

        made = PreferencesController(self._session, self._front, self._grid, self._cache, self)
        made.predictions_outdated.connect(self.predictions_outdated)
        made.places_requested.connect(self.places_requested)
        return made
