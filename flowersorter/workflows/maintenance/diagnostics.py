"""A report for the developers: versions, system, settings, counts, checks and the log, without anything private."""

from __future__ import annotations

import getpass
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flowersorter
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.files.log_file import read_log
from flowersorter.library.tables import settings
from flowersorter.messages import text
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.maintenance.doctor import doctor
from flowersorter.workflows.maintenance.redaction import Redactor

#: Settings without private data.
_SETTINGS: tuple[settings.Setting[Any], ...] = (
    settings.DEVICE,
    settings.SURE_PRECISION,
    settings.MOVE_SORTED_COPIES,
    settings.CACHE_LIMIT_MB,
    settings.INSPECTOR_SHOWN,
    settings.TILE_SIZE_PX,
    settings.PHOTO_ORDER,
    settings.PANEL_WIDTHS,
)


def diagnostics(engine: Engine, report: Report, cancel: CancelToken) -> str:
    """Write the report; English, because developers read it."""
    report(Progress(text("Collecting diagnostics"), 0))
    collection = engine.collection
    redactor = Redactor(*_private(engine))
    checks = doctor(collection.folder)
    cancel.check()
    lines = [f"{'ok' if check.ok else 'PROBLEM'} {check.name}: {check.detail}" for check in checks]
    settings_now = [f"{each.key}: {collection.settings.get(each)}" for each in _SETTINGS]
    blocks = {
        "System": "\n".join([f"FlowerSorter {flowersorter.__version__}", platform.platform(), platform.machine()]),
        "Counts": "\n".join(_counts(engine)),
        "Settings": "\n".join(settings_now),
        "Checks": redactor.redact("\n".join(lines)),
        "Log": redactor.redact(read_log(collection.folder) or "Nothing was logged."),
    }
    return "\n".join(f"# {title}\n\n{block.rstrip()}\n" for title, block in blocks.items())


def _private(engine: Engine) -> tuple[list[Path], list[Path], list[str]]:
    """Paths of photos, other folders and words that must not be in the report."""
    collection = engine.collection
    places = collection.photos.all_places()
    sorts = collection.journal.runs()
    opened = [Path(each) for each in (*collection.settings.get(settings.LAST_ROOTS), *_texts(engine))]
    folders = [Path.home(), collection.folder, *opened, *(run.destination for run in sorts)]
    words = [each.name for each in collection.classes.all()] + collection.classes.keys_of_former_names()
    words += [name for model in collection.models.all() for name in model.classes]  # as written at that time
    return list(places.paths), folders, [*words, *_names_of_person()]


def _texts(engine: Engine) -> Iterator[str]:
    get = engine.collection.settings.get
    yield from get(settings.RECENT_FOLDERS)
    yield from filter(None, (get(settings.LAST_FOLDER), get(settings.EXPORT_FOLDER)))
    yield from get(settings.SORT_PATTERNS)


def _names_of_person() -> Iterator[str]:
    yield platform.node()
    try:
        yield getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user, and no variable that names one
        return


def _counts(engine: Engine) -> Iterator[str]:
    collection = engine.collection
    places = collection.photos.all_places()
    yield f"photo files: {len(places)}, missing: {int(places.missing.sum())}"
    yield f"unreadable: {sum(error is not None for error in places.errors)}"
    yield f"classes: {len(collection.classes.all())}, labels: {len(collection.labels.all())}"
    yield f"models: {len(collection.models.all())}, sorts: {len(collection.journal.runs())}"
