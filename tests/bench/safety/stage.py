"""Collections, photos and faults for the trials of the safety benchmark."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flowersorter.domain.journal import RunState
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.filed_photos import filed_photos
from flowersorter.sorting.execute import execute
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Mode, SortPlan
from flowersorter.sorting.recover import recover
from flowersorter.sorting.refile import plan_refile
from flowersorter.sorting.undo import undo
from tests.bench.safety.tally import Tally, Watch
from tests.unit.sorting.failing_disks import Steps
from tests.unit.sorting.file_trees import plan, remember, snapshot, write

A, B, C = b"photo a" * 100, b"photo b" * 100, b"another a" * 100
EDITS, OLD = b"edits of a", b"was there before"


@dataclass
class Stage:
    """Can be set back to its start; the collection is made once and copied, as opening an empty one costs most."""

    root: Path
    source: Path
    destination: Path
    mode: Mode

    @property
    def collection(self) -> Path:
        """The collection of the trial."""
        return self.root / "collection"

    @property
    def folders(self) -> list[Path]:
        """The folders whose files come and go."""
        return [self.source, self.destination]

    @property
    def photos(self) -> dict[Path, str]:
        """Every photo with its class."""
        return {
            self.source / "a.jpg": "Rose",
            self.source / "b.jpg": "Tulip",
            self.source / "deep" / "a.jpg": "Rose",
            self.source / "twin.jpg": "Tulip",
        }

    def build(self) -> Watch:
        """Put everything where it belongs at the start."""
        kept = self.source.with_name("kept")
        for folder in (self.source, self.destination, self.collection):
            shutil.rmtree(folder, ignore_errors=True)
        write(self.source / "a.jpg", A)
        write(self.source / "a.jpg.xmp", EDITS, 0o444)
        write(self.source / "b.jpg", B, 0o600)
        write(self.source / "deep" / "a.jpg", C)
        write(self.source / "twin.jpg", B)
        write(self.destination / "Rose" / "a.jpg", OLD)
        if not kept.exists():
            with CollectionStore.open(kept) as collection:
                remember(collection, self.source, list(self.photos))
        shutil.copytree(kept, self.collection)
        return Watch(self.source, self.destination)

    def plan(self) -> SortPlan:
        """What sorting would do."""
        there = {path: name for path, name in self.photos.items() if path.exists()}
        return plan(there, self.destination, self.mode, self.source)

    def plans_to_correct(self, collection: CollectionStore) -> list[SortPlan]:
        """Every filed photo follows its class to another folder; links on another device are made anew."""
        hashes = [hashlib.sha256(content).digest() for content in (A, B, C)]
        filed = [(photo, "Daisy") for photo in filed_photos(collection.database, hashes)]
        if any(photo.path.is_symlink() for photo, _ in filed):
            return [plan(dict.fromkeys(self.photos, "Daisy"), self.destination, self.mode, self.source)]
        return plan_refile(collection, filed, CancelToken())

    def sort(self, collection: CollectionStore, files: FileSystem | None = None) -> None:
        """Sort every photo."""
        execute(self.plan(), collection, silent, CancelToken(), files)

    def correct(self, collection: CollectionStore, files: FileSystem | None = None) -> None:
        """Sort what is sorted to other classes."""
        for planned in self.plans_to_correct(collection):
            execute(planned, collection, silent, CancelToken(), files)

    def undo(self, collection: CollectionStore, files: FileSystem | None = None) -> None:
        """Take the newest run back."""
        undo(collection, collection.journal.runs()[0].id, silent, CancelToken(), files)

    def recover(self, collection: CollectionStore, files: FileSystem | None = None) -> None:
        """What the program does at its start."""
        recover(collection, files)

    def play(self, *acts: Callable[[CollectionStore], None]) -> None:
        """Do some of these without anything happening."""
        with CollectionStore.open(self.collection) as collection:
            for act in acts:
                act(collection)

    def play_watched(self, act: Callable[[CollectionStore, FileSystem], None], steps: Steps) -> None:
        """Do one of these; every call of the disk and of the database is a step."""
        with CollectionStore.open(self.collection) as collection:
            steps.watch_database(collection)
            act(collection, steps.disk())

    def check(self, watch: Watch, tally: Tally) -> None:
        """After a crash: look, recover, look, undo everything, look again."""
        watch.count(tally, recovered=False)
        started = time.perf_counter()
        with CollectionStore.open(self.collection) as collection:
            for problem in recover(collection).problems:
                tally.wrong[f"recovery says: {problem.rpartition(': ')[2]}"] += 1
            tally.took(time.perf_counter() - started)
            now = watch.count(tally, keeps=self.mode != Mode.MOVE)
            watch.together(tally, now, self.source / "a.jpg", self.source / "a.jpg.xmp")
            again = recover(collection)
            tally.expect(not (again.finished or again.rolled_back), "recovery had to be done twice")
            tally.expect(not collection.journal.open_filings(), "a filing is still open")
            check_library(collection, watch, tally)
            undo_everything(collection, tally)
            watch.compare(tally)
            check_library(collection, watch, tally)


def undo_everything(collection: CollectionStore, tally: Tally) -> None:
    """Take every run back, the newest first; nothing may be refused."""
    for run in collection.journal.runs():
        tally.expect(run.state != RunState.OPEN, "a run is still open")
        if run.state != RunState.UNDONE:
            for refused in undo(collection, run.id, silent, CancelToken()).refused:
                tally.wrong[f"undo refused: {refused.reason}"] += 1


def check_library(collection: CollectionStore, watch: Watch, tally: Tally) -> None:
    """The library knows every place, and none that is not there."""
    now = snapshot(*watch.roots)
    for place in collection.photos.all_places():
        tally.expect(place.path in now, "the library knows a place that is not there")
        tally.expect(place.photo_id is not None, "the library has forgotten the photo of a place")
