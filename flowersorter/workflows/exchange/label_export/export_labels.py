"""Exports the labels and suggestions of folders to a file of another program's format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from flowersorter.atomic_write import atomic_replacement
from flowersorter.domain.export_format import ExportFormat
from flowersorter.errors import UserError
from flowersorter.jobs import CancelToken, Report
from flowersorter.messages import text
from flowersorter.photos.read_errors import saving_reason
from flowersorter.photos.scan import Roots
from flowersorter.workflows.exchange.label_export.camtrap_dp import write_camtrap_dp
from flowersorter.workflows.exchange.label_export.coco import write_coco
from flowersorter.workflows.exchange.label_export.csv_rows import write_csv
from flowersorter.workflows.exchange.label_export.darwin_core import write_darwin_core
from flowersorter.workflows.exchange.label_export.label_rows import ExportRows, ExportTable
from flowersorter.workflows.exchange.label_export.megadetector import write_megadetector
from flowersorter.workflows.exchange.label_export.place import PhotoPlace

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

#: Writes the rows of a table to a file; returns a remark in words, "" without one.
_Writer: TypeAlias = Callable[[ExportTable, ExportRows, BinaryIO, PhotoPlace | None], str]


def _plain(write: Callable[[ExportTable, ExportRows, BinaryIO], str | None]) -> _Writer:
    """Make a writer of one that needs no place."""

    def writer(table: ExportTable, rows: ExportRows, file: BinaryIO, place: PhotoPlace | None) -> str:
        return write(table, rows, file) or ""

    return writer


_WRITERS: Mapping[ExportFormat, _Writer] = {
    ExportFormat.CSV: _plain(write_csv),
    ExportFormat.COCO: _plain(write_coco),
    ExportFormat.MEGADETECTOR: _plain(write_megadetector),
    ExportFormat.CAMTRAP_DP: write_camtrap_dp,
    ExportFormat.DARWIN_CORE: write_darwin_core,
}


@dataclass(frozen=True, slots=True)
class ExportLabelsRequest:
    """Write the labels and suggestions of photos to a file.

    Attributes:
        roots: Folders and photos; those that were not read yet are left out.
        file: The file, with the suffix of the format; an existing one is replaced.
        format: Its format; None goes by the suffix.
        only_labelled: Whether to leave out photos without a label.
        place: Where the photos were taken; Camtrap DP needs it, Darwin Core takes it.
        backbone: Of the model that suggests; None for the collection's.
    """

    roots: Roots
    file: Path
    format: ExportFormat | None = None
    only_labelled: bool = False
    place: PhotoPlace | None = None
    backbone: str | None = None


@dataclass(frozen=True, slots=True)
class ExportedLabels:
    """The file that was written.

    Attributes:
        file: Its path.
        format: Its format.
        labels: Number of photos in it with a label.
        suggestions: Number of photos with a suggestion and no label.
        without_class: Number of other photos.
        remark: Which photos the format leaves out, in words; "" for none.
        left_out: Number of these.
    """

    file: Path
    format: ExportFormat
    labels: int
    suggestions: int
    without_class: int
    remark: str = ""
    left_out: int = 0


def export_labels(engine: Engine, request: ExportLabelsRequest, report: Report, cancel: CancelToken) -> ExportedLabels:
    """Write the file, whole or not at all.

    Raises:
        UserError: the format is not known or that of another suffix, cannot hold these photos, or needs a place; or the
            file cannot be written.
        Cancelled: asked to stop; nothing was written.
    """
    file = request.file.absolute()
    form = format_of(file, request.format)
    table = ExportTable(engine, request.roots, only_labelled=request.only_labelled, backbone=request.backbone)
    rows = ExportRows(table.rows(report, cancel))
    try:
        with atomic_replacement(file) as temporary, temporary.open("xb") as opened:
            remark = _WRITERS[form](table, rows, opened, request.place)
    except OSError as error:
        raise UserError(text("The labels cannot be saved as {path}", path=file), saving_reason(error, file)) from error
    return ExportedLabels(file, form, rows.labels, rows.suggestions, rows.without_class, remark, rows.left_out)


def format_of(file: Path, wanted: ExportFormat | None) -> ExportFormat:
    """Return the format to write a file in; ask for it before work that takes long.

    Args:
        file: The file; with another suffix than that of the format it may be a photo, which must not be replaced.
        wanted: The format; None goes by the suffix.

    Raises:
        UserError: the format is not clear, or its files have another suffix.
    """
    if wanted is None:
        return _by_suffix(file)
    if file.suffix.lower() != wanted.suffix:
        raise UserError(
            text("The labels cannot be saved as {path}", path=file.name),
            text("the name of a {format} file ends in {suffix}", format=wanted.value, suffix=wanted.suffix),
        )
    return wanted


def _by_suffix(file: Path) -> ExportFormat:
    fitting = [form for form in ExportFormat if form.suffix == file.suffix.lower()]
    if len(fitting) == 1:
        return fitting[0]
    why = text("several formats end in {suffix}", suffix=file.suffix) if fitting else text("its ending is not known")
    names = ", ".join(form.value for form in fitting or ExportFormat)
    raise UserError(
        text("The labels cannot be saved as {path}", path=file.name), why, text("Say the format: {names}", names=names)
    )
