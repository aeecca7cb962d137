"""The collection of a script: a method for each of the program's workflows, in plain values."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from flowersorter.api.answers import (
    Expectation,
    ModelInfo,
    Photo,
    Prediction,
    SortReport,
    VerifyReport,
    expectation_of,
    photos_of,
    prediction_of,
)
from flowersorter.api.paths import AnyPath, chosen, given_path
from flowersorter.api.photo_answers import AnswerCollection
from flowersorter.api.sample_check import SampleCheck
from flowersorter.api.trained_collection import TrainedCollection
from flowersorter.errors import CollectionLocked, PhotoUnreadable
from flowersorter.jobs import CancelToken
from flowersorter.messages import text

RowOrder: TypeAlias = Literal["name", "date"]


class Collection(TrainedCollection, AnswerCollection):
    """The classes, labels, models and sorts of one task. Open it with `open`, in a ``with`` block.

    Use it in one thread only. While it is open, no window and no other program can open the same collection, unless one
    of them opens it only for reading.
    """

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order that the window shows."""
        return tuple(entry.name for entry in self._library.classes.all())

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        """The models of this collection, newest first; the starter model, last, has no number."""
        from flowersorter.api.answers import model_infos

        return model_infos(self._library)

    @property
    def left_out(self) -> Mapping[str, int]:
        """Number of files and folders that the last `predict` or `sort` left out, by kind: {"hidden": 2}."""
        return dict(self._left_out)

    @property
    def expectation(self) -> Expectation | None:
        """The accuracy to expect on the folder of the last `predict` or `sort`; None with too few photos."""
        return self._expectation

    def set_scan_options(
        self, folder: AnyPath, *, exclude: Sequence[str] = (), recursive: bool = True, follow_links: bool = False
    ) -> None:
        """Choose the files that a scan of a folder leaves out; stored, and shared with the window and the terminal.

        Args:
            folder: As it is given to `predict` and `sort`.
            exclude: Patterns of names ("raw", "*.tif") or of paths from the folder ("day/raw", "**/old").
            recursive: Whether to scan sub-folders.
            follow_links: Whether to follow links that lead out of the folder.
        """
        from flowersorter.photos.scan import absolute_folder
        from flowersorter.photos.scan_options import ScanOptions
        from flowersorter.workflows.predicting.scan_scope import remember_scan_options

        options = ScanOptions(tuple(exclude), recursive, follow_links)
        remember_scan_options(self._library, absolute_folder(given_path(folder)), options)

    def predict(self, folder: AnyPath, *more: AnyPath, order: RowOrder = "name", name: str = "") -> list[Photo]:
        """Predict the class of every photo in a folder and its sub-folders. Changes no photo.

        A photo is read and embedded once: a second call for the same folder is fast.

        Args:
            folder: A folder, or a single photo.
            more: Others that are labelled together with it.
            order: By "name", or by the "date" taken, with the photos without one last.
            name: Return only files with this in their name, whatever its case.

        Returns:
            One `Photo` for each file with a photo's suffix, in natural order of the paths ("IMG_2" before "IMG_10").

        Raises:
            FolderUnusable: the folder is missing or forbidden.
            WeightsMissing: the network's weights are not on this computer.
        """
        from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest
        from flowersorter.workflows.predicting.select_rows import select_rows
        from flowersorter.workflows.predicting.settled_labels import predict_settled

        request = PredictFolderRequest(tuple(map(given_path, (folder, *more))), self._device)
        result = self._run(predict_settled, request)
        self._left_out, self._expectation = result.skipped, expectation_of(result)
        return photos_of(self._engine, select_rows(self._library, result, order, name))

    def predict_image(self, path: AnyPath) -> Prediction:
        """Predict the class of one photo without adding it to the collection.

        Raises:
            PhotoUnreadable: the file is missing or not a photo.
            TooFewPhotos: this collection has no model yet for the network it uses.
            WeightsMissing: the network's weights are not on this computer.
        """
        from flowersorter.workflows.predicting.predict_photos import PredictRequest, predict_photos

        photo = given_path(path)
        request = PredictRequest((photo,), self._device)
        [found] = self._run(predict_photos, request)
        if found.error is not None:
            raise PhotoUnreadable(text("The photo {photo} cannot be read", photo=photo), found.error)
        return prediction_of(found)

    def label(self, path: AnyPath, class_name: str | None = None, *, move_copies: bool = False) -> str:
        """Set the class of a photo: `retrain` learns from it. The label is stored when this returns.

        Args:
            path: The photo; one that is new to the collection is read first.
            class_name: Its class, created if the collection has none of that name; None confirms the suggestion.
            move_copies: Whether to move sorted copies of the photo into the folder of this class, too. `undo` moves
                them back.

        Returns:
            The name of its class, as the collection spells it.

        Raises:
            PhotoUnreadable: the path is missing or a folder, or no class was named and the file is not a photo. A file
                that is not a photo can be given a class: it is sorted, and not used for training.
            ClassRefused: the class name cannot be used; or no class was named, and the photo is unknown.
            TooFewPhotos: no class was named, and there is no model that suggests one.
        """
        from flowersorter.workflows.labelling.label_photo import LabelPhotoRequest, label_photo

        photo = given_path(path)
        if photo.is_dir():
            raise PhotoUnreadable(
                text("{folder} is a folder", folder=photo),
                text("label sets the class of one photo"),
                text("Call it for each photo; to get suggestions for a folder, call predict"),
            )
        request = LabelPhotoRequest(photo, class_name, self._device)
        name = self._run(label_photo, request).class_name
        if move_copies:
            from flowersorter.workflows.filing.refile import RefileRequest, photos_at, refile

            self._run(refile, RefileRequest(photos_at(self._library, [request.path.absolute()])))
        return name

    def remove_label(self, path: AnyPath) -> bool:
        """Remove the label of a photo: from then on it has the class that the model suggests.

        Returns:
            Whether it had one.

        Raises:
            PhotoUnreadable: the file is missing, or is not a regular file.
        """
        from flowersorter.workflows.labelling.label_photo import remove_label

        return remove_label(self._library, given_path(path))

    def check(
        self, folder: AnyPath, *more: AnyPath, goal: int = 98, include: Literal["all", "likely", "sure"] = "all"
    ) -> SampleCheck:
        """Check how many suggestions of a folder are right, with as few answers as may be. Predicts new photos first.

        Goes on with the last check of the folder, unless its suggestions have changed since.

        Args:
            folder: A folder, or a single photo.
            more: Others that are checked together with it.
            goal: The check is done when at least so many of 100 suggestions are right, 95 % sure, or fewer; 1 to 99.
            include: Which suggestions, as in `sort`.

        Raises:
            FolderUnusable: the folder is missing or forbidden.
            TooFewPhotos: no photo without a label has a suggestion of that kind.
            WeightsMissing: the network's weights are not on this computer.
        """
        from flowersorter.workflows.evaluation.check_sample import CheckSampleRequest, check_sample
        from flowersorter.workflows.filing.sort import Include

        roots = tuple(map(given_path, (folder, *more)))
        check = self._run(check_sample, CheckSampleRequest(roots, goal, Include(include), self._device))
        return SampleCheck(lambda: self._engine, check)

    def gone_labels(self) -> int:
        """Count the labels whose photo was deleted or replaced by another picture. Training does not use them.

        Call `predict` for the folder where the photos are now to find them again.
        """
        from flowersorter.library.tables.edited_photos import gone_labels

        return len(gone_labels(self._library.database))

    def forget_gone_labels(self) -> int:
        """Delete the labels that `gone_labels` counts, and return their number."""
        from flowersorter.workflows.labelling.gone_labels import forget_gone_labels

        return len(forget_gone_labels(self._library))

    def sort(
        self,
        folder: AnyPath | Sequence[AnyPath],
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
        """Sort the photos of a folder into one folder per class in `to`. Predicts new photos first.

        Never overwrites a file and compares every copy with its original. `undo` undoes the sort.

        Args:
            folder: The folder with the photos, or several folders and photos.
            to: The folder for the class folders; created if missing.
            mode: Copy the photos, move them, make hard links (same drive only), or symbolic links to the originals.
            include: Which photos to sort besides labelled ones: "all" except unknown, "likely" and "sure" ones, "sure"
                ones, or none ("labelled").
            dry_run: Only return the plan. Pass False to carry it out.
            move_copies: Also move photos that were sorted before into the folder of another class than their label
                says; None for the answer that the window remembers for this collection. Otherwise they stay there.
            pattern: The sub-folders of each class: "{class}/{date:%Y}" for the years, or "{class}/{camera}"; None for
                those of the last sort into `to`, at first none, and "" for none. Photos without a date go to "Undated".
            move_duplicates: With mode "move", also move photos that are there already, into the folder "Duplicates".
            remove_empty_folders: With mode "move", also remove the folders that become empty; `undo` makes them again.

        Raises:
            FolderUnusable: the folder is missing or forbidden.
            SortRefused: `to` cannot be used safely, for example because it lies in `folder`; or the pattern cannot be
                used.
            UserError: `mode` or `include` is none of those above.
        """
        from flowersorter.api.answers import report_of_plan, report_of_run
        from flowersorter.photos.scan import absolute_folder, absolute_roots
        from flowersorter.sorting.folder_pattern import CLASS_ONLY, FolderPattern
        from flowersorter.sorting.plan import Mode
        from flowersorter.workflows.filing import sort as sorting
        from flowersorter.workflows.filing.refile import RefileRequest, refile
        from flowersorter.workflows.filing.sorted_copies import moves_sorted_copies

        target = absolute_folder(given_path(to))
        roots = absolute_roots(map(given_path, [folder] if isinstance(folder, str | os.PathLike) else folder))
        chosen_mode, included = chosen(Mode, mode, "mode"), chosen(sorting.Include, include, "include")
        sorting.check_destination(roots, target, chosen_mode, CancelToken())
        FolderPattern.parse(pattern or CLASS_ONLY)
        self.predict(*roots)
        follow = moves_sorted_copies(self._library) if move_copies is None else move_copies
        if follow and not dry_run:
            known = self._library.photos.places_under(roots)
            photo_ids = tuple(sorted({place.photo_id for place in known if place.photo_id is not None}))
            self._run(refile, RefileRequest(photo_ids))
        request = sorting.SortRequest(
            roots,
            target,
            chosen_mode,
            included,
            pattern=pattern,
            move_duplicates=move_duplicates,
            remove_emptied=remove_empty_folders,
        )
        plan = self._run(sorting.plan_sort, request)
        if dry_run or not plan.changes_disk:
            return report_of_plan(plan, dry_run=dry_run)
        done = self._run(sorting.run_sort, sorting.RunSortRequest(plan, pattern))
        return report_of_run(plan, done)

    def undo(self, sort: int | None = None, *, take_changed: bool = False) -> int:
        """Undo a sort. Photos that were edited since then are kept.

        Args:
            sort: The number of the sort (`SortReport.sort`), or None for the newest of which something can be undone.
            take_changed: Also take back photos that were moved or renamed within the destination, and move photos back
                that were edited since they were moved. Edited copies always stay.

        Returns:
            The number of photos undone, without copies and links that were gone already.

        Raises:
            UndoRefused: there is no such sort, or nothing left to undo.
        """
        from flowersorter.workflows.filing.history import UndoRequest, undo_run

        request = UndoRequest(sort, take_changed=take_changed)
        return self._run(undo_run, request).undone

    def verify(self, destination: AnyPath | None = None) -> VerifyReport:
        """Read every sorted photo and sidecar file, and compare it with the hash of its sort; changes nothing.

        Args:
            destination: Only what is at or below this folder; None for every sort.

        Raises:
            UserError: nothing was sorted into that folder.
        """
        from flowersorter.api.answers import report_of_verification
        from flowersorter.workflows.filing.verify import VerifyRequest, verify

        request = VerifyRequest(None if destination is None else given_path(destination))
        return report_of_verification(self._run(verify, request))

    def use_model(self, number: int | None) -> None:
        """Use another model from now on; None is the starter model.

        Raises:
            ModelFileBad: there is no such model, or its file is damaged.
        """
        from flowersorter.workflows.models.current_model import use_model

        use_model(self._library, number)

    def export_model(self, path: AnyPath) -> Path:
        """Save the current model to a file, for other programs or other collections.

        Args:
            path: The file. Its suffix chooses the format: .pth for plain torchvision, .onnx takes a photo and returns
                probabilities, .safetensors can be imported into another collection.

        Raises:
            UserError: the suffix is none of these, the file cannot be written, or the package onnx is missing.
            TooFewPhotos: a .pth was requested, and the labels have changed since the model was trained.
        """
        from flowersorter.workflows.exchange.export_model import ExportRequest, export_model

        request = ExportRequest(given_path(path))
        return self._run(export_model, request).path

    def import_model(self, path: AnyPath, *, use: bool = False) -> int:
        """Add a model from a .safetensors file. No code in the file is run.

        Args:
            path: The file.
            use: Whether to use it from now on.

        Returns:
            The number of the model, for `use_model`.

        Raises:
            ModelFileBad: the file is not a model, is damaged, or needs a network that is not known.
        """
        from flowersorter.workflows.exchange.import_model import ImportRequest, import_model

        request = ImportRequest(given_path(path), use)
        return self._run(import_model, request).model_id


def predict_image(path: AnyPath) -> Prediction:
    """Predict the class of one photo with the model of the collection that the window opens.

    The network stays in memory for the next call. The collection is open only during the call; while the window is
    open, it is only read.

    Raises:
        PhotoUnreadable: the file is missing or not a photo.
    """
    try:
        opened = Collection.open()
    except CollectionLocked:
        opened = Collection.open(read_only=True)
    with opened as collection:
        return collection.predict_image(path)
