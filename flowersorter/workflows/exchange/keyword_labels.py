"""Takes keywords of other programs as labels: those in the sidecars of photos, and those inside the photos."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.jobs.worker_threads import call_apart
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.class_names import class_key
from flowersorter.messages import text
from flowersorter.photos.read_errors import file_reason
from flowersorter.photos.scan import Roots, absolute_roots
from flowersorter.photos.sidecars import SidecarFinder, UnlistedFolderError
from flowersorter.photos.xmp.keywords import Entries, Levels, levels_of, named_keywords
from flowersorter.photos.xmp.read import photo_keywords
from flowersorter.workflows.exchange.label_import.take_labels import TakenLabels, may_label, store_labels

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


@dataclass(frozen=True, slots=True)
class FindKeywordsRequest:
    """Read the keywords of known photos.

    Attributes:
        roots: A folder, or folders and single photos together.
    """

    roots: Roots


@dataclass(frozen=True, slots=True)
class FoundKeyword:
    """A keyword of some photos.

    Attributes:
        keyword: "genus/species" where it is nested.
        class_name: The class that it names; "" for none yet.
        photos: Number of photos with it.
        unlabelled: How many of them would get it: those without a label, or with another one of a class folder.
    """

    keyword: str
    class_name: str
    photos: int
    unlabelled: int


@dataclass(frozen=True, slots=True)
class FoundKeywords:
    """The keywords of photos.

    Attributes:
        by_photo: The keywords of each photo that has any, by photo id.
        paths: The path of each of these photos.
        keywords: Every keyword, those that name a class first, then the most frequent.
        photos: Number of photos that were looked at.
        problems: Sidecars, and folders of photos, that cannot be read, with the reasons.
    """

    by_photo: Mapping[int, tuple[str, ...]]
    paths: Mapping[int, Path]
    keywords: tuple[FoundKeyword, ...]
    photos: int
    problems: tuple[tuple[Path, str], ...]


@dataclass(frozen=True, slots=True)
class TakeKeywordsRequest:
    """Label photos with the classes that their keywords name.

    Attributes:
        found: Their keywords.
        chosen: The class of each keyword to be taken, created if there is none; None takes those that name a class.
    """

    found: FoundKeywords
    chosen: Mapping[str, str] | None = None


def find_keywords(engine: Engine, request: FindKeywordsRequest, report: Report, cancel: CancelToken) -> FoundKeywords:
    """Read the keywords of the photos that the collection knows; reads only.

    Raises:
        Cancelled: asked to stop.
    """
    collection = engine.collection
    places = collection.photos.places_under(absolute_roots(request.roots))
    known = np.flatnonzero((places.photo_ids > 0) & ~places.missing).tolist()
    finder = SidecarFinder()
    by_photo: dict[int, dict[str, None]] = {}
    paths: dict[int, Path] = {}
    problems: list[tuple[Path, str]] = []
    for done, i in enumerate(known):
        report(Progress(text("Reading keywords"), done, len(known)))
        cancel.check()
        photo_id, path = int(places.photo_ids[i]), places.paths[i]
        entries, bad = call_apart(partial(_read, finder, path), cancel)
        problems += bad
        if names := named_keywords(entries):
            by_photo.setdefault(photo_id, {}).update(dict.fromkeys(names))
            paths.setdefault(photo_id, path)
    found = {photo_id: tuple(names) for photo_id, names in by_photo.items()}
    return FoundKeywords(found, paths, _counted(collection, found), len(known), tuple(dict.fromkeys(problems)))


def take_keywords(engine: Engine, request: TakeKeywordsRequest, report: Report, cancel: CancelToken) -> TakenLabels:
    """Label the photos whose keywords name one class, and that have no label of a person; stored when this returns.

    Raises:
        ClassRefused: a chosen class name cannot be used; no photo was labelled.
        UserError: the library cannot be written.
    """
    report(Progress(text("Labelling photos"), 0))
    cancel.check()
    collection, found = engine.collection, request.found
    class_of = _chosen(request.chosen) if request.chosen is not None else _class_lookup(collection)
    classes = {photo_id: tuple(_classes(names, class_of)) for photo_id, names in found.by_photo.items()}
    return store_labels(collection, {photo_id: names for photo_id, names in classes.items() if names}, found.paths)


def _read(finder: SidecarFinder, path: Path) -> tuple[Entries, tuple[tuple[Path, str], ...]]:
    """Read the keywords of a photo, and the sidecars, or the folder of sidecars, that cannot be read."""
    try:
        return photo_keywords(path, finder.of(path))
    except UnlistedFolderError as error:
        entries, problems = photo_keywords(path, ())
        return entries, ((path.parent, file_reason(error)), *problems)


def _counted(collection: CollectionStore, found: Mapping[int, tuple[str, ...]]) -> tuple[FoundKeyword, ...]:
    labelled, answered = collection.labels.get(list(found)), collection.answers.get(list(found))
    photos = Counter(name for names in found.values() for name in names)
    class_of = _class_lookup(collection)
    known = {name: _class(name, class_of) or "" for name in photos}
    ids = {entry.name: entry.id for entry in collection.classes.all()}
    free = Counter(
        name
        for photo_id, names in found.items()
        for name in names
        if may_label(labelled.get(photo_id), answered.get(photo_id), ids.get(known[name]))
    )
    rows = [FoundKeyword(name, known[name], count, free[name]) for name, count in photos.items()]
    return tuple(sorted(rows, key=lambda row: (not row.class_name, -row.photos, row.keyword)))


def _class_lookup(collection: CollectionStore) -> Callable[[str], str | None]:
    """Return a function that finds the class of a name, also of a former one."""

    @cache
    def find(name: str) -> str | None:
        entry = collection.classes.find(name)
        return None if entry is None else entry.name

    return find


def _chosen(chosen: Mapping[str, str]) -> Callable[[str], str | None]:
    by_key = {_key(levels_of(keyword)): class_name for keyword, class_name in chosen.items()}
    return lambda name: by_key.get(_key(levels_of(name)))


def _classes(keywords: tuple[str, ...], class_of: Callable[[str], str | None]) -> dict[str, None]:
    """The classes that the keywords of a photo name, each once."""
    return dict.fromkeys(name for keyword in keywords if (name := _class(keyword, class_of)) is not None)


def _class(keyword: str, class_of: Callable[[str], str | None]) -> str | None:
    """The class that a keyword names: as a whole, without its outer levels ("plants/Rose"), or one of these."""
    return next((name for each in _meant(levels_of(keyword)) if (name := class_of(each)) is not None), None)


def _meant(levels: Levels) -> Iterator[str]:
    yield from ("/".join(levels[begin:]) for begin in range(len(levels)))
    yield from ("/".join(levels[:end]) for end in range(len(levels) - 1, 0, -1))
    yield from levels[1:-1]


def _key(levels: Levels) -> str:
    return class_key("/".join(levels))
