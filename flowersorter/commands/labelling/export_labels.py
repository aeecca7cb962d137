"""The verb export-labels: save labels and suggestions in a format of other programs."""

from __future__ import annotations

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.folder_output import predict_folders
from flowersorter.commands.shared.output import counted_photos, shown
from flowersorter.commands.shared.replacing import ask_to_replace
from flowersorter.domain.export_format import ExportFormat
from flowersorter.messages import text
from flowersorter.photos.scan import absolute_roots
from flowersorter.workflows.exchange.label_export.export_labels import ExportLabelsRequest, export_labels, format_of
from flowersorter.workflows.exchange.label_export.place import PhotoPlace


def run(call: Call) -> int:
    """Predict folders, and write their photos to the file.

    Raises:
        UserError: the format is not known or that of another suffix, or the file cannot be written.
    """
    options, terminal = call.options, call.terminal
    roots = absolute_roots(options.folders)
    place = None if options.place is None else PhotoPlace.read(options.place)
    form = format_of(options.file, None if options.format is None else ExportFormat(options.format))
    ask_to_replace(call, options.file)
    request = ExportLabelsRequest(roots, options.file, form, options.only_labelled, place, options.backbone)
    with call.engine() as engine:
        predict_folders(call, engine, roots)
        with terminal.progress() as report:
            done = export_labels(engine, request, report, call.cancel)
    summary = {
        "path": str(done.file),
        "format": done.format.value,
        "labels": done.labels,
        "suggestions": done.suggestions,
        "without_class": done.without_class,
        "left_out": done.left_out,
        "remark": str(done.remark) or None,
    }
    terminal.record({"summary": summary})
    terminal.say(
        text(
            "Saved {path}: labels of {labels}, suggestions of {suggestions}",
            path=shown(done.file),
            labels=counted_photos(done.labels),
            suggestions=counted_photos(done.suggestions),
        )
    )
    if done.without_class:
        terminal.say(text("Without either: {photos}", photos=counted_photos(done.without_class)))
    if done.remark:
        terminal.say(text("{sentence}.", sentence=done.remark))
    return 0
