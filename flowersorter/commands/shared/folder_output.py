"""Predicts folders in the terminal and describes them: the same for predict and sort."""

from __future__ import annotations

import argparse
import logging
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.commands.shared.context import Call
from flowersorter.commands.shared.json_lines import lost_photos
from flowersorter.commands.shared.output import Terminal, counted_photos, named, shown
from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.photo_rows import PhotoRows
from flowersorter.domain.verdict import Verdict
from flowersorter.errors import WorkersUnavailable
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.edited_photos import gone_labels, replaced_photos
from flowersorter.messages import Text, joined_texts, plural, stored, text
from flowersorter.photos.scan import Roots, absolute_roots, looks_like_photo
from flowersorter.photos.scanning import folder_walk
from flowersorter.workflows.cluster.options import MapUnused, NoWorkerLeft, WorkerRefused, chosen_workers
from flowersorter.workflows.labelling.left_out import UNREADABLE, LeftOut
from flowersorter.workflows.models.current_model import chosen_backbone
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, PredictFolderResult
from flowersorter.workflows.predicting.scan_scope import remember_scan_options, scan_options
from flowersorter.workflows.predicting.settled_labels import predict_settled

if TYPE_CHECKING:
    from flowersorter.workflows.cluster.options import Workers
    from flowersorter.workflows.engine import Engine

_CLUSTER_LOG = "flowersorter.workflows.cluster"
UNREADABLE_SHOWN, LIKENESSES_SHOWN, CLASSES_NAMED = 10, 8, 12
_BY_OPTIONS = (folder_walk.EXCLUDED_FOLDER, folder_walk.EXCLUDED_PHOTO, folder_walk.SUB_FOLDER)


def predict_folders(call: Call, engine: Engine, roots: Roots) -> PredictFolderResult:
    """Scan, read and predict with a progress bar; folders that cannot be entered are noted on stderr."""
    remember_options(call, engine.collection, roots)
    options = call.options
    request = PredictFolderRequest(roots, options.device, options.backbone, workers=_workers(options))
    told = list[Text]()
    with call.terminal.progress(tell=lambda news: _refusal_line(news, told)) as report:
        try:
            result = predict_settled(engine, request, report, call.cancel)
        except NoWorkerLeft as error:  # each refusal was said, with its reason
            refused = plural("the only one was refused", "all {number} were refused", len(told))
            raise WorkersUnavailable(text("No worker is left"), refused) from error
    note_problems(call.terminal, problems_of_folders(result))
    return result


def _workers(options: argparse.Namespace) -> Workers | None:
    """The workers that the command line chooses; other commands than predict have none."""
    if "workers" not in options:
        return None
    # The terminal says each of these messages itself; without a handler, Python would print them again.
    logging.getLogger(_CLUSTER_LOG).addHandler(logging.NullHandler())
    return chosen_workers(options.workers, options.cluster, tuple(options.path_map or ()))


def _refusal_line(news: object, told: list[Text]) -> str | None:
    """The sentence about a worker that is refused, which is noted, or about an unused map; None for other reports."""
    if isinstance(news, WorkerRefused):
        told.append(news.sentence)
    return news.sentence if isinstance(news, WorkerRefused | MapUnused) else None


def problems_of_folders(result: PredictFolderResult) -> list[tuple[Path, str]]:
    """Return the folders that cannot be entered, with the reason; photos have a line of their own."""
    return [(path, reason) for path, reason in result.problems if not looks_like_photo(path)]


def note_problems(terminal: Terminal, problems: Iterable[tuple[Path, str]]) -> None:
    """Write each path with its reason to stderr."""
    for path, reason in problems:
        terminal.note(joined_texts(": ", shown(path), reason))


def remember_options(call: Call, collection: CollectionStore, roots: Roots) -> None:
    """Store the scan options that the command line gives, for each folder."""
    options = call.options
    exclude = () if options.no_exclude else options.exclude
    given = {
        name: value
        for name, value in (("recursive", options.recursive), ("follow_links", options.follow_links))
        if value is not None
    }
    for root in absolute_roots(roots):
        before = scan_options(collection, root)
        after = replace(before, exclude=before.exclude if exclude is None else tuple(exclude), **given)
        if after != before and root.is_dir():
            remember_scan_options(collection, root, after)


def say_folders(
    call: Call,
    collection: CollectionStore,
    folders: Roots,
    result: PredictFolderResult,
    names: dict[int, str],
    likenesses: dict[int, str],
    remarks: Mapping[int, str],
) -> None:
    """Print how many photos of folders belong to each class, and which files were skipped.

    Args:
        call: Gets the sentences.
        collection: Knows the photos.
        folders: As named on the command line.
        result: Their photos.
        names: Class names by id.
        likenesses: The ImageNet class that an unknown photo resembles, by photo id.
        remarks: Faults of files that can be read all the same, by photo id.
    """
    terminal, rows = call.terminal, result.rows
    if not len(rows):
        say_no_photos(call, folders, result)
        return
    readable = int(np.count_nonzero(_readable(rows)))
    terminal.say(
        text(
            "{photos} in {folder}: {read} read now, {known} known before",
            photos=counted_photos(readable),
            folder=named(absolute_roots(folders)),
            read=result.decoded,
            known=max(0, readable - result.decoded),
        )
    )
    terminal.say()
    if readable:
        _say_classes(terminal, result, names)
        _say_likenesses(terminal, likenesses)
        if result.many_unknown:
            terminal.say(result.many_unknown)
        if result.accuracy_note:
            terminal.say(result.accuracy_note)
    say_missing_model(call, collection, result)
    labelled = int(np.count_nonzero(rows.label_ids))
    if labelled:
        terminal.say(
            plural(
                "{number} photo with a label from you or from the folder name; sorting uses the label.",
                "{number} photos with a label from you or from the folder name; sorting uses the label.",
                labelled,
            )
        )
    say_unreadable(terminal, (*result.unreadable, *lost_photos(result)))
    _say_remarks(terminal, rows, remarks)
    say_skipped(terminal, result)
    _say_lost_labels(terminal, collection, folders)


def _say_lost_labels(terminal: Terminal, collection: CollectionStore, folders: Roots) -> None:
    """Print the places that show another picture than the labelled one, and count the labels without a photo."""
    for place in replaced_photos(collection.database):
        path = Path(os.fsdecode(place.path))
        if not set(absolute_roots(folders)).isdisjoint(path.parents):
            terminal.say(
                text(
                    "{path} shows another picture now; the photo before was labelled {name}. Label it again.",
                    path=shown(path),
                    name=shown(place.class_name),
                )
            )
    gone = len(gone_labels(collection.database))
    if gone:
        terminal.say(text("Labels whose photos are gone: {count}. They are not used for training.", count=gone))


def say_skipped(terminal: Terminal, result: PredictFolderResult, told: Mapping[str, int] | None = None) -> None:
    """Print which files are not photos, and which the scan options leave out.

    Args:
        terminal: The output.
        result: Of the scan.
        told: Number of files that other lines count, by kind; they are not counted again.
    """
    skipped = dict(result.skipped)
    for kind, number in (told or {}).items():
        skipped[kind] = skipped.get(kind, 0) - number
    skipped = {kind: number for kind, number in skipped.items() if number > 0}
    links = skipped.pop(folder_walk.LINK_OUT, 0)
    left_out = {str(kind): skipped.pop(kind) for kind in _BY_OPTIONS if kind in skipped}
    if skipped:
        terminal.say(text("Skipped: {kinds}", kinds=_in_words(skipped)))
    if left_out:
        terminal.say(text("Left out by the scan options: {kinds}", kinds=_in_words(left_out)))
    if links:
        terminal.say(
            plural(
                "{number} link to another folder was not followed (--follow-links).",
                "{number} links to other folders were not followed (--follow-links).",
                links,
            )
        )


def _in_words(skipped: Mapping[str, int]) -> Text:
    """Skipped files by kind: "1 hidden file, 2 files that are not photos"."""
    return joined_texts(", ", *(_counted_kind(kind, number) for kind, number in sorted(skipped.items())))


def _counted_kind(kind: str, number: int) -> Text:
    match kind:
        case folder_walk.NOT_A_PHOTO:
            return plural("{number} file that is not a photo", "{number} files that are not photos", number)
        case folder_walk.HIDDEN:
            return plural("{number} hidden file", "{number} hidden files", number)
        case folder_walk.SIDECAR:
            return plural("{number} sidecar file", "{number} sidecar files", number)
        case folder_walk.LINK:
            return plural("{number} link file", "{number} link files", number)
        case _:
            return _counted_by_options(kind, number)


def _counted_by_options(kind: str, number: int) -> Text:
    if kind == folder_walk.EXCLUDED_FOLDER:
        return plural("{number} excluded folder", "{number} excluded folders", number)
    if kind == folder_walk.EXCLUDED_PHOTO:
        return plural("{number} excluded photo", "{number} excluded photos", number)
    return plural("{number} sub-folder", "{number} sub-folders", number)


def say_no_photos(call: Call, roots: Roots, result: PredictFolderResult) -> None:
    """Print that there is nothing to do, and which other files the folder holds."""
    call.terminal.say(text("There are no photos in {folders}.", folders=named(absolute_roots(roots))))
    say_skipped(call.terminal, result)


def say_missing_model(call: Call, collection: CollectionStore, result: PredictFolderResult) -> None:
    """Print how to get a model where there is none for the backbone."""
    if result.predictions is None and result.rows.photo_ids.any():
        name = chosen_backbone(collection, call.options.backbone)
        call.terminal.say(
            text(
                "There is no model for {name} yet. Make one with: flowersorter train FOLDER --backbone {name}",
                name=name,
            )
        )


def _readable(rows: PhotoRows) -> NDArray[np.bool_]:
    """(N,) bool: the rows of photos with a picture; a file without one can have a label, too."""
    return (rows.photo_ids > 0) & np.array([error is None for error in rows.errors], np.bool_)


def _say_classes(terminal: Terminal, result: PredictFolderResult, names: dict[int, str]) -> None:
    """Print a table of classes, by label and by the verdict of the others, then the photos of no class."""
    rows, readable = result.rows, _readable(result.rows)
    by_label = readable & (rows.label_ids != 0)
    verdicts = np.where(rows.label_ids != 0, np.uint8(Verdict.NONE), rows.verdicts)
    columns = {
        text("sure"): (verdicts == Verdict.SURE, rows.class_ids),
        text("likely"): (verdicts == Verdict.LIKELY, rows.class_ids),
        text("not sure"): (verdicts == Verdict.UNSURE, rows.class_ids),
    }
    if by_label.any():
        columns = {text("labelled"): (by_label, rows.label_ids), **columns}
    table: list[list[str]] = [[text("class"), *columns, text("all")]]
    for class_id, name in names.items():
        counts = [int(np.count_nonzero(chosen & (of == class_id))) for chosen, of in columns.values()]
        if sum(counts):
            table.append([shown(name), *map(str, counts), str(sum(counts))])
    not_mine = readable & ~by_label & (rows.marks == Mark.NOT_MINE)
    unknown = int(np.count_nonzero((verdicts == Verdict.UNKNOWN) & ~not_mine))
    unpredicted = int(np.count_nonzero(readable & ~by_label & (verdicts == Verdict.NONE)))
    others = {text("unknown"): unknown, text("not mine"): int(np.count_nonzero(not_mine))}
    for title, number in (others | {text("no suggestion yet"): unpredicted}).items():
        if number:
            table.append([title, *[""] * len(columns), str(number)])
    terminal.say_table(table, right=tuple(range(1, len(columns) + 2)), indent=2)
    terminal.say()


def _say_likenesses(terminal: Terminal, likenesses: dict[int, str]) -> None:
    """Print the objects that unknown photos look like, the most frequent first."""
    if not likenesses:
        return
    kinds = sorted(Counter(likenesses.values()).items(), key=lambda kind: (-kind[1], kind[0]))
    parts = [f"{number} × {name}" if number > 1 else name for name, number in kinds[:LIKENESSES_SHOWN]]
    more = len(kinds) - LIKENESSES_SHOWN
    if more > 0:
        terminal.say(
            plural(
                "Unknown photos look like: {things} and {number} other thing.",
                "Unknown photos look like: {things} and {number} other things.",
                more,
                things=", ".join(parts),
            )
        )
    else:
        terminal.say(text("Unknown photos look like: {things}.", things=", ".join(parts)))


def say_left_out(terminal: Terminal, left_out: LeftOut) -> None:
    """Print which class folders have no photo that can be used, and which other files were left out."""
    if left_out.empty:
        classes = left_out.in_words(left_out.empty)
        terminal.say(text("Left out, because they have no photo that can be used: {classes}.", classes=classes))
    # Unreadable files are listed one by one.
    skipped = {
        name: {kind: n for kind, n in of.items() if kind != UNREADABLE} for name, of in left_out.by_class.items()
    }
    others = [name for name, kinds in skipped.items() if kinds and name not in left_out.empty]
    if others:
        words = replace(left_out, by_class=skipped).in_words(others)
        terminal.say(text("Skipped in the folders of the classes: {classes}.", classes=words))
    if left_out.merged:
        first, more = left_out.merged[:CLASSES_NAMED], len(left_out.merged) - CLASSES_NAMED
        merged = text("{classes} and {count} more", classes=named(first), count=more) if more > 0 else named(first)
        terminal.say(text("One class each, with the photos in their sub-folders: {classes}.", classes=merged))
    for folder, name in left_out.renamed.items():
        terminal.say(
            text(
                'The folder "{folder}" cannot be the name of a class; its class is called "{name}".',
                folder=folder,
                name=name,
            )
        )
    for path, why in left_out.problems:
        terminal.note(joined_texts(": ", shown(path), why))


def say_class_names(terminal: Terminal, names: Iterable[str], before: Sequence[str]) -> None:
    """Print which folders new classes get where these have other names, and other surprises of their names."""
    from flowersorter.workflows.labelling.class_name_remarks import class_name_remarks

    new = [name for name in dict.fromkeys(names) if name not in before]
    for remark in class_name_remarks(new, before):
        terminal.say(remark)


def say_unreadable(terminal: Terminal, unreadable: tuple[tuple[Path, str], ...]) -> None:
    """List the first unreadable photos with their reasons."""
    if not unreadable:
        return
    terminal.say(plural("{number} photo could not be read:", "{number} photos could not be read:", len(unreadable)))
    _say_reasons(terminal, unreadable)


def _say_remarks(terminal: Terminal, rows: PhotoRows, remarks: Mapping[int, str]) -> None:
    """List the first photos whose file has a fault but can be read."""
    found = [(path, remarks[i]) for path, i in zip(rows.paths, rows.photo_ids.tolist(), strict=True) if i in remarks]
    if found:
        terminal.say(plural("A remark on {number} photo:", "Remarks on {number} photos:", len(found)))
        _say_reasons(terminal, found)


def _say_reasons(terminal: Terminal, photos: Sequence[tuple[Path, str]]) -> None:
    for path, reason in photos[:UNREADABLE_SHOWN]:
        terminal.say_of(path, stored(reason), indent=2)
    more = len(photos) - UNREADABLE_SHOWN
    if more > 0:
        terminal.say(text("and {count} more; use --json for all", count=more), indent=2)
