"""The part of a script's collection that takes labels from other programs, and gives labels and suggestions to them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from flowersorter.api.paths import AnyPath, chosen, given_path, given_paths
from flowersorter.api.predicted_collection import PredictedCollection

#: Formats of `label_from_file` and of `export_labels`.
SourceFormat: TypeAlias = Literal["csv", "coco", "label-studio", "folders", "lobe", "teachable-machine", "megadetector"]
TargetFormat: TypeAlias = Literal["csv", "coco", "megadetector", "camtrap-dp", "darwin-core"]


class ExchangedCollection(PredictedCollection):
    """Takes labels from files and folders of other programs, and writes files for them."""

    def label_from_file(
        self,
        source: AnyPath,
        folder: AnyPath | Sequence[AnyPath] | None = None,
        *,
        format: SourceFormat | None = None,  # noqa: A002 - as on the command line
        unpack_to: AnyPath | None = None,
    ) -> dict[Path, str]:
        """Label photos as a table, a data set or a project of another program says. Predicts new photos first.

        A photo that a person labelled keeps its label, and one that is given several classes gets none. Names that lead
        out of the folder are left out, as are those that cannot be names of classes. *Not mine* and *Don't
        know* are taken, too, for photos without a label. `undo_labels` takes all back.

        Args:
            source: A CSV table with columns "path" and "label", a COCO data set, an export of Label Studio, a folder or
                zip archive with one sub-folder per class, or a Lobe or Teachable Machine project. Pictures in an
                archive are compared with the photos by their bytes.
            folder: The folder with the photos, or several folders and photos; None is that of the source.
            format: The format of the source; None recognises it.
            unpack_to: A new folder, in which the pictures of an archive are put into class folders and labelled.

        Returns:
            The class of each photo that was labelled.

        Raises:
            FolderUnusable: the folder is missing or forbidden, or the new one is there already.
            UserError: the source cannot be read, or is of no known format.
        """
        from flowersorter.domain.export_format import LabelFormat
        from flowersorter.photos.scan import absolute_roots
        from flowersorter.workflows.exchange.label_import import label_photos
        from flowersorter.workflows.exchange.label_import.unpack_pictures import UnpackRequest, unpack_pictures

        file = given_path(source).absolute()
        roots: tuple[Path, ...] = ()
        if folder is not None or unpack_to is None:
            given = folder if folder is not None else file if file.is_dir() else file.parent
            roots = absolute_roots(given_paths(given))
        form = None if format is None else chosen(LabelFormat, format, "format")
        labels = self._run(lambda _, wanted, report, cancel: label_photos.given_in(file, wanted, report, cancel), form)
        if unpack_to is not None:
            target = given_path(unpack_to).absolute()
            labels = labels.without_damaged(self._run(unpack_pictures, UnpackRequest(file, target)).damaged)
            roots = absolute_roots((*roots, target))
        self.predict(*roots)
        found = self._run(label_photos.find_labels, label_photos.FindLabelsRequest(file, roots, form, labels))
        taken = self._run(label_photos.take_labels, label_photos.TakeLabelsRequest(found))
        return {found.paths[photo_id]: name for photo_id, name in taken.labels.items()}

    def undo_labels(self) -> int:
        """Take back the labels that `label_from_file` or `label_from_keywords` gave last; those changed since stay.

        Called again, it takes back those of the time before, up to ten times. Classes that were made for them go where
        no photo has them.

        Returns:
            The number of photos that have the label of before again, or none.

        Raises:
            UndoRefused: none were taken, or they are taken back already.
        """
        from flowersorter.workflows.exchange.label_import.take_labels import undo_taken_labels

        return undo_taken_labels(self._engine.collection).restored

    def export_labels(
        self,
        folder: AnyPath | Sequence[AnyPath],
        file: AnyPath,
        *,
        format: TargetFormat | None = None,  # noqa: A002 - as on the command line
        place: tuple[float, float] | str | None = None,
        only_labelled: bool = False,
    ) -> Path:
        """Save the labels and suggestions of a folder in a format of other programs. Predicts new photos first.

        Each format tells labels from suggestions. Photos are named by their path from the folder.

        Args:
            folder: The folder with the photos, or several folders and photos.
            file: The file to write, with the suffix of the format; an existing one is replaced.
            format: Its format; None is "csv" for a file that ends in .csv. "megadetector" is what Timelapse opens.
            place: Latitude and longitude in degrees, or "48.1, 11.6"; "camtrap-dp" needs it, "darwin-core" takes it.
            only_labelled: Whether to leave out photos without a label.

        Returns:
            The file.

        Raises:
            FolderUnusable: the folder is missing or forbidden.
            UserError: the format is not known, that of another suffix or cannot hold these photos, or the file cannot
                be written.
        """
        from flowersorter.domain.export_format import ExportFormat
        from flowersorter.photos.scan import absolute_roots
        from flowersorter.workflows.exchange.label_export.export_labels import (
            ExportLabelsRequest,
            export_labels,
            format_of,
        )
        from flowersorter.workflows.exchange.label_export.place import PhotoPlace

        roots = absolute_roots(given_paths(folder))
        target = given_path(file)
        form = format_of(target, None if format is None else chosen(ExportFormat, format, "format"))
        at = None
        if place is not None:
            try:
                at = PhotoPlace.read(place) if isinstance(place, str) else PhotoPlace(*map(float, place))
            except (TypeError, ValueError):  # not two numbers
                at = PhotoPlace.read(repr(place))
        self.predict(*roots)
        return self._run(export_labels, ExportLabelsRequest(roots, target, form, only_labelled, at)).file
