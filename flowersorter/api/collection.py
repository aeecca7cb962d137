"""The collection of a script: a method for each of the program's workflows, in plain values."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Literal, TypeAlias, TypeVar

from flowersorter.api.answers import ModelInfo, Photo, Prediction, SortReport, Training, photos_of, prediction_of
from flowersorter.api.background import run_in_background
from flowersorter.errors import CollectionDamaged, PhotoUnreadable, UserError
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.library.database.restore import with_restore_hint
from flowersorter.library.files.locations import default_collection
from flowersorter.messages import text
from flowersorter.workflows.engine import Engine

Request = TypeVar("Request")
Result = TypeVar("Result")
AnyPath: TypeAlias = str | os.PathLike[str]
Device: TypeAlias = Literal["auto", "cpu", "cuda"]


class Collection:
    """All that FlowerSorter remembers of one sorting task; make one with `open`, use it in a ``with`` block.

    Not to be shared between threads. While it is open, no window and no other program can open the same folder.
    """

    def __init__(self, engine: Engine, device: Device, progress: Callable[[Progress], None] | None) -> None:
        self._engine_or_closed: Engine | None = engine
        self._folder = engine.collection.folder
        self._device, self._progress = device, progress
        self._opened = ExitStack()
        self._opened.callback(engine.close)

    @classmethod
    def open(
        cls,
        folder: AnyPath | None = None,
        *,
        device: Device = "auto",
        progress: Callable[[Progress], None] | None = None,
    ) -> Collection:
        """Open a collection; its folder is made if missing, and what a crash left half-done is put right.

        Args:
            folder: Where the collection lies; None for the one the window opens.
            device: Where the network runs.
            progress: Called in your own thread while something takes time. What it raises stops the work and comes
                out of the method that was called.

        Raises:
            CollectionLocked: a window or another program has it open.
            CollectionDamaged: its library cannot be read; the text says how a backup is put back.
            FolderUnusable: the folder cannot be made or written to.
        """
        where = default_collection() if folder is None else _path(folder).absolute()
        try:
            library = CollectionStore.open(where)
        except CollectionDamaged as error:
            raise with_restore_hint(error, where) from error
        collection = cls(Engine(library), device, progress)
        if library.journal.open_runs():
            from flowersorter.workflows.filing.history import recover_collection

            recover_collection(library)
        return collection

    def close(self) -> None:
        """Close the collection, so that others can open it; more calls do nothing."""
        self._opened.close()
        self._engine_or_closed = None

    @property
    def _engine(self) -> Engine:
        if self._engine_or_closed is None:
            raise UserError(text("The collection is closed"), text("its with block has ended"), text("Open it again"))
        return self._engine_or_closed

    @property
    def _library(self) -> CollectionStore:
        return self._engine.collection

    def _keep_cache_small(self) -> None:
        """Clean the cache of small pictures where photos were read and it has grown beyond its limit."""
        from flowersorter.workflows.maintenance.cache import clean_cache, cleaning_due

        if self._library.thumbnails.written_bytes and cleaning_due(self._library):
            with suppress(UserError):  # what was asked for is done
                run_in_background(partial(clean_cache, self._library), self._progress)

    def __enter__(self) -> Collection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None and self._engine_or_closed is not None:
                self._keep_cache_small()
        finally:
            self.close()

    @property
    def folder(self) -> Path:
        """The collection's folder; photos are not in it."""
        return self._folder

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the order of the window."""
        return tuple(entry.name for entry in self._library.classes.all())

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        """The models of this collection, newest first; the starter model, last, has no number."""
        from flowersorter.api.answers import model_infos

        return model_infos(self._library)

    def label(self, folder: AnyPath) -> list[Photo]:
        """Predict every photo in a folder and below it; no photo is touched.

        A photo is read once: the second call for the same folder takes a moment.

        Returns:
            One for each file that is named like a photo, in natural order of the paths ("IMG_2" before "IMG_10").

        Raises:
            FolderUnusable: the folder is missing or forbidden.
            WeightsMissing: the network's weights are not on this computer.
        """
        from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, label

        request = PredictFolderRequest(_path(folder), self._device)
        result = self._run(label, request)
        return photos_of(self._engine, result)

    def predict_image(self, path: AnyPath) -> Prediction:
        """Predict a single photo, without remembering it.

        Raises:
            PhotoUnreadable: the file is missing or no photo.
            TooFewPhotos: there is no model yet for the network this collection uses.
            WeightsMissing: the network's weights are not on this computer.
        """
        from flowersorter.workflows.predicting.predict_photos import PredictRequest, predict_photos

        photo = _path(path)
        request = PredictRequest((photo,), self._device)
        [found] = self._run(predict_photos, request)
        if found.error is not None:
            raise PhotoUnreadable(text("The photo {photo} cannot be read", photo=photo), found.error)
        return prediction_of(found)

    def confirm(self, path: AnyPath, class_name: str | None = None, *, move_copies: bool = False) -> str:
        """Say which class a photo has: `retrain` learns from it. The label is on disk when this returns.

        Args:
            path: The photo; one the collection does not know yet is read first.
            class_name: Its class, a new one if the collection has none of that name; None if the model's guess is
                right.
            move_copies: Also move the copies that were sorted into the folder of another class. `undo` takes it back.

        Returns:
            The name of its class, as the collection spells it.

        Raises:
            PhotoUnreadable: the file is missing or no photo.
            ClassRefused: the class name cannot be used.
            TooFewPhotos: no class was named, and there is no model to guess one.
        """
        from flowersorter.workflows.labelling.confirm_photo import ConfirmRequest, confirm_photo

        request = ConfirmRequest(_path(path), class_name, self._device)
        name = self._run(confirm_photo, request)
        if move_copies:
            from flowersorter.workflows.filing.refile import RefileRequest, photos_at, refile

            self._run(refile, RefileRequest(photos_at(self._library, [request.path.absolute()])))
        return name

    def gone_labels(self) -> int:
        """How many labels have no photo any more: its file was deleted or shows another picture. They teach nothing.

        Label the folder where the photos are now to find them again.
        """
        from flowersorter.library.tables.edited_photos import gone_labels

        return len(gone_labels(self._library.database))

    def forget_gone_labels(self) -> int:
        """Delete the labels that `gone_labels` counts; returns how many."""
        from flowersorter.workflows.labelling.gone_labels import forget_gone_labels

        return len(forget_gone_labels(self._library))

    def retrain(self, note: str = "") -> Training:
        """Learn from every confirmed photo.

        A model that is clearly worse than the one before is kept but not used, and so is one that would take the place
        of an imported model: call `use_model` if you want it.

        Args:
            note: Kept with the model.

        Raises:
            TooFewPhotos: nothing is confirmed, or photos of one class only.
        """
        from flowersorter.workflows.training.train import RetrainRequest, retrain

        request = RetrainRequest(self._device, note)
        result = self._run(retrain, request)
        return Training(
            model=result.model_id,
            classes=result.classes,
            photos=result.photos,
            accuracy=result.held_out_accuracy,
            made_current=result.made_current,
        )

    def sort(
        self,
        folder: AnyPath,
        to: AnyPath,
        *,
        mode: Literal["copy", "move", "link", "symlink"] = "copy",
        include: Literal["all", "likely", "sure", "labelled"] = "all",
        dry_run: bool = True,
        move_copies: bool | None = None,
        pattern: str | None = None,
        move_duplicates: bool = False,
        remove_empty_folders: bool = False,
    ) -> SortReport:
        """File the photos of a folder into one folder per class below `to`; what is new is labelled first.

        Nothing is ever overwritten, every copy is compared with its original, and `undo` undoes the sort.

        Args:
            folder: Where the photos are.
            to: Gets the class folders; made if missing.
            mode: Copy the photos, move them, make hard links (same drive only), or symbolic links to the originals.
            include: Which guesses count, besides confirmed photos: all but "unknown", those that are at least
                likely, the sure ones, or none.
            dry_run: Only report the plan. Pass False to carry it out.
            move_copies: Also move photos that were sorted before into the folder of another class than their label
                says; None for the answer that the window remembers for this collection. Otherwise they stay there.
            pattern: The sub-folders of each class: "{class}/{date:%Y}" for the years, or "{class}/{camera}"; None for
                those of the collection's last sort, at first none. Photos without a date go to "Undated".
            move_duplicates: With mode "move", also move photos that are there already, into the folder "Duplicates".
            remove_empty_folders: With mode "move", also remove the folders that become empty; `undo` makes them again.

        Raises:
            FolderUnusable: the folder is missing or forbidden.
            SortRefused: `to` cannot be used safely, for example because it lies in `folder`; or the pattern cannot be
                used.
        """
        from flowersorter.api.answers import report_of_plan, report_of_run
        from flowersorter.photos.scan import absolute_folder
        from flowersorter.sorting.folder_pattern import CLASS_ONLY, FolderPattern
        from flowersorter.sorting.plan import Mode, make_plan
        from flowersorter.workflows.filing.refile import RefileRequest, refile
        from flowersorter.workflows.filing.sort import Include, RunSortRequest, SortRequest, plan_sort, run_sort
        from flowersorter.workflows.filing.sorted_copies import moves_sorted_copies

        source, target = absolute_folder(_path(folder)), absolute_folder(_path(to))
        make_plan((), target, Mode(mode), CancelToken(), source_root=source)  # refused at once, before photos are read
        FolderPattern.parse(pattern or CLASS_ONLY)
        self.label(source)
        follow = moves_sorted_copies(self._library) if move_copies is None else move_copies
        if follow and not dry_run:
            known = self._library.photos.places_under(source)
            photo_ids = tuple(sorted({place.photo_id for place in known if place.photo_id is not None}))
            self._run(refile, RefileRequest(photo_ids))
        request = SortRequest(
            source,
            target,
            Mode(mode),
            Include(include),
            pattern=pattern,
            move_duplicates=move_duplicates,
            remove_emptied=remove_empty_folders,
        )
        plan = self._run(plan_sort, request)
        if dry_run or not plan.changes_disk:
            return report_of_plan(plan, dry_run=dry_run)
        done = self._run(run_sort, RunSortRequest(plan, pattern))
        return report_of_run(plan, done)

    def undo(self, sort: int | None = None, *, take_changed: bool = False) -> int:
        """Undo a sort; photos that were changed since stay as they are.

        Args:
            sort: Its number, `SortReport.sort`, or None for the newest.
            take_changed: Also take back photos that were moved or renamed within the destination, and move photos back
                that were edited since they were moved. Edited copies always stay.

        Returns:
            How many photos were undone.

        Raises:
            UndoRefused: there is no such sort, or nothing left to undo.
        """
        from flowersorter.workflows.filing.history import UndoRequest, undo_run

        request = UndoRequest(sort, take_changed=take_changed)
        return self._run(undo_run, request).undone

    def use_model(self, number: int | None) -> None:
        """Make another model the current one; None is the starter model.

        Raises:
            ModelFileBad: there is no such model, or its file is damaged.
        """
        from flowersorter.workflows.models.current_model import use_model

        use_model(self._library, number)

    def export_model(self, path: AnyPath) -> Path:
        """Save the current model to a file, for other programs or other collections.

        Args:
            path: Its suffix says in which form: .pth for plain torchvision, .onnx with the whole way from a photo to
                probabilities in it, .safetensors to share.

        Raises:
            UserError: the suffix is none of these, the file cannot be written, or the package onnx is missing.
            TooFewPhotos: a .pth is wanted, and the collection's labels are not those the model learned from.
        """
        from flowersorter.workflows.exchange.export_model import ExportRequest, export_model

        request = ExportRequest(_path(path))
        return self._run(export_model, request).path

    def import_model(self, path: AnyPath, *, use: bool = False) -> int:
        """Add a .safetensors model file; no code in it is executed.

        Args:
            path: The file.
            use: Make it the current model as well.

        Returns:
            Its number, for `use_model`.

        Raises:
            ModelFileBad: the file is no model, damaged, or of a network that is not known.
        """
        from flowersorter.workflows.exchange.import_model import ImportRequest, import_model

        request = ImportRequest(_path(path), use)
        return self._run(import_model, request).model_id

    def _run(self, verb: Callable[[Engine, Request, Report, CancelToken], Result], request: Request) -> Result:
        return run_in_background(partial(verb, self._engine, request), self._progress)


def predict_image(path: AnyPath) -> Prediction:
    """Predict a single photo with the model of your own collection, the one the window opens.

    The network stays in memory for the next call. The collection is open only for the length of a call.

    Raises:
        PhotoUnreadable: the file is missing or no photo.
        CollectionLocked: the window is open; `Collection.open` takes another folder.
    """
    with Collection.open() as collection:
        return collection.predict_image(path)


def _path(path: AnyPath) -> Path:
    """The path that is meant.

    Raises:
        UserError: there can be no such file.
    """
    name = os.fspath(path)
    if not name or "\0" in name:
        raise UserError(
            text("{name!r} is no file and no folder", name=name), text("no name can be like that"), text("Give a path")
        )
    try:
        return Path(name).expanduser()
    except RuntimeError as error:  # ~nobody
        raise UserError(
            text("The folder {name} cannot be found", name=name), str(error), text("Give a path without ~")
        ) from error
