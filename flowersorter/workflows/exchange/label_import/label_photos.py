"""Labels the photos of the opened folders with the classes that a file or folder of another program gives them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from flowersorter.domain.export_format import LabelFormat
from flowersorter.domain.natural_sort import NaturalOrder
from flowersorter.domain.photo_answers import Mark
from flowersorter.errors import ClassRefused
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.jobs.worker_threads import call_apart
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.class_names import class_key, validated_name
from flowersorter.messages import text
from flowersorter.photos.scan import Roots, absolute_roots, looks_like_photo
from flowersorter.workflows.exchange.label_import.given_labels import GivenLabel, GivenLabels, Omission
from flowersorter.workflows.exchange.label_import.match_photos import PhotoNames, Unmatched
from flowersorter.workflows.exchange.label_import.read_labels import read_labels
from flowersorter.workflows.exchange.label_import.take_labels import TakenLabels, may_label, store_labels

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

_REPORTED_EVERY = 10_000
#: Tables write it for an unknown class; it is a class only where the person has made one of this name.
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FindLabelsRequest:
    """Read the labels in a file or folder, and find the photos that they mean.

    Attributes:
        source: The file or folder.
        roots: The folders and photos that may be labelled; nothing outside of them is.
        format: Its format; None recognises it.
        given: The labels in it, where `given_in` has read them; None reads them.
    """

    source: Path
    roots: Roots
    format: LabelFormat | None = None
    given: GivenLabels | None = None


@dataclass(frozen=True, slots=True)
class FoundClass:
    """A class of some photos.

    Attributes:
        name: As it is written.
        class_name: The class of the collection with this name; "" for a new one.
        photos: Number of photos with it.
        unlabelled: How many of them would get it: those without a label, or with another one of a class folder.
        refused: Why it cannot be the name of a class; "" if it can.
    """

    name: str
    class_name: str
    photos: int
    unlabelled: int
    refused: str = ""


@dataclass(frozen=True, slots=True)
class FoundLabels:
    """The labels of a file or folder.

    Attributes:
        format: How they are written.
        by_photo: The classes of each photo that has any, by photo id, as they are written.
        paths: The path of each of these photos.
        classes: Every class, those that the collection has first, then by name.
        photos: Number of labels that were read.
        unmatched: The names of photos that mean none, with the reason.
        without_class: Number of photos that are named without a class.
        left_out: Number of parts of the list that label nothing, by reason.
        marks: A person's answer in place of a class of each photo that has one, by photo id.
    """

    format: LabelFormat
    by_photo: Mapping[int, tuple[str, ...]]
    paths: Mapping[int, Path]
    classes: tuple[FoundClass, ...]
    photos: int
    unmatched: Mapping[str, Unmatched] = field(default_factory=dict)
    without_class: int = 0
    left_out: Mapping[Omission, int] = field(default_factory=dict)
    marks: Mapping[int, Mark] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TakeLabelsRequest:
    """Label photos with the classes that were found.

    Attributes:
        found: The classes of the photos.
        chosen: Those to take, as they are written; None takes all that can be names of classes.
    """

    found: FoundLabels
    chosen: frozenset[str] | None = None


def given_in(source: Path, form: LabelFormat | None, report: Report, cancel: CancelToken) -> GivenLabels:
    """Read a file or folder with labels, before a long search for the photos that it names.

    Raises:
        UserError: it cannot be read, or is of no known format.
        Cancelled: asked to stop.
    """
    report(Progress(text("Reading labels"), 0))
    return call_apart(lambda: read_labels(source.absolute(), form, cancel), cancel)


def find_labels(engine: Engine, request: FindLabelsRequest, report: Report, cancel: CancelToken) -> FoundLabels:
    """Read labels, and find the photos that they mean; reads only.

    Only photos that the collection has read are found: predict their folder first.

    Raises:
        UserError: the file cannot be read, or is of no known format.
        Cancelled: asked to stop.
    """
    collection = engine.collection
    given = request.given or given_in(request.source, request.format, report, cancel)
    roots = absolute_roots(request.roots)
    places = collection.photos.places_under(roots)
    places = places.take(np.flatnonzero(places.photo_ids > 0))
    photo_ids = places.photo_ids.tolist()
    names = PhotoNames(places.paths.names, given.folder, roots)
    by_hash = _ids_by_hash(collection, given.labels, photo_ids)
    rows = dict(zip(photo_ids, range(len(photo_ids)), strict=True))
    classes: dict[int, dict[str, None]] = {}
    unmatched: dict[str, Unmatched] = {}
    marks: dict[int, Mark] = {}
    without_class = given.without_class
    means_nothing = collection.classes.find(_UNKNOWN) is None
    for done, label in enumerate(given.labels):
        if done % _REPORTED_EVERY == 0:
            report(Progress(text("Reading labels"), done, len(given.labels)))
            cancel.check()
        photo_id = by_hash.get(label.sha256)
        if photo_id is None:
            row = Unmatched.OTHER_BYTES if label.only_bytes else names.row_of(label.photo, label.relative)
            if isinstance(row, Unmatched):
                unmatched[label.photo] = row
                continue
            photo_id = photo_ids[row]
        class_name = label.class_name.strip()
        if label.mark:
            marks[photo_id] = label.mark
        elif means_nothing and class_key(class_name) == _UNKNOWN:
            without_class += 1
        else:
            classes.setdefault(photo_id, {})[class_name] = None
    found = {photo_id: tuple(each) for photo_id, each in classes.items()}
    marks = {photo_id: mark for photo_id, mark in marks.items() if photo_id not in found}
    paths = {photo_id: places.paths[rows[photo_id]] for photo_id in (*found, *marks)}
    counted = _counted(collection, found)
    return FoundLabels(
        given.format, found, paths, counted, len(given.labels), unmatched, without_class, given.left_out, marks
    )


def take_labels(engine: Engine, request: TakeLabelsRequest, report: Report, cancel: CancelToken) -> TakenLabels:
    """Label the photos that have one class, and no label of a person. The labels are stored when this returns.

    Raises:
        UserError: the library cannot be written.
    """
    report(Progress(text("Labelling photos"), 0))
    cancel.check()
    found, chosen = request.found, request.chosen
    meant = _meant([each for each in found.classes if chosen is None or each.name in chosen])
    classes = {
        photo_id: tuple(dict.fromkeys(meant[name] for name in names if name in meant))
        for photo_id, names in found.by_photo.items()
    }
    classes = {photo_id: names for photo_id, names in classes.items() if names}
    return store_labels(engine.collection, classes, found.paths, found.marks)


def _meant(classes: Iterable[FoundClass]) -> dict[str, str]:
    """The class of each name that can be one; names that differ in case only are one class."""
    usable = [each for each in classes if not each.refused]
    by_key: dict[str, str] = {}
    return {each.name: by_key.setdefault(class_key(each.name), each.class_name or each.name) for each in usable}


def _ids_by_hash(
    collection: CollectionStore, labels: Iterable[GivenLabel], photo_ids: Iterable[int]
) -> dict[bytes, int]:
    """The photos that labels name by their bytes, those in the opened folders only."""
    hashes = {label.sha256 for label in labels if label.sha256}
    if not hashes:
        return {}
    within = set(photo_ids)
    return {sha256: photo_id for sha256, photo_id in collection.photos.known(hashes).items() if photo_id in within}


def _counted(collection: CollectionStore, found: Mapping[int, tuple[str, ...]]) -> tuple[FoundClass, ...]:
    labelled, answered = collection.labels.get(list(found)), collection.answers.get(list(found))
    photos = Counter(name for names in found.values() for name in names)
    refusals = {name: _refusal(name) for name in photos}
    entries = {name: collection.classes.find(name) for name, refusal in refusals.items() if not refusal}
    known = {name: "" if entry is None else entry.name for name, entry in entries.items()}
    ids = {name: None if entry is None else entry.id for name, entry in entries.items()}
    free = Counter(
        name
        for photo_id, names in found.items()
        for name in names
        if may_label(labelled.get(photo_id), answered.get(photo_id), ids.get(name))
    )
    rows = [FoundClass(name, known.get(name, ""), count, free[name], refusals[name]) for name, count in photos.items()]
    in_order = NaturalOrder()
    return tuple(sorted(rows, key=lambda row: (bool(row.refused), not row.class_name, in_order(row.name))))


def _refusal(name: str) -> str:
    """Why a name cannot be that of a class; "" if it can."""
    try:
        validated_name(name)
    except ClassRefused as error:
        return error.why or error.what
    return text("it is the name of a photo") if looks_like_photo(Path(name)) else ""
