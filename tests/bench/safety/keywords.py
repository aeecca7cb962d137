"""Keywords in sidecars: killed, failing disks, power cuts; a sidecar has its old bytes or those with keywords."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.written_keywords import read_keywords
from flowersorter.photos.xmp.keywords import entries_of
from flowersorter.photos.xmp.splice import Merged, merged
from flowersorter.sorting.execute import execute
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.keywords.kept_sidecars import MERGED_SUFFIX
from flowersorter.sorting.keywords.plan_in_place import plan_in_place
from flowersorter.sorting.plan import Mode, SortPlan
from flowersorter.sorting.runs.make_plan import make_plan
from tests.bench.safety.crash import Act, kill_act
from tests.bench.safety.errors import CODES, fail_act, faults
from tests.bench.safety.mounts import memory, second_disk
from tests.bench.safety.power_loss import cut_at_some
from tests.bench.safety.stage import OLD, A, B, C, Stage
from tests.bench.safety.tally import Tally, Watch
from tests.unit.photos.xmp_documents import DARKTABLE, LIGHTROOM
from tests.unit.sorting.failing_disks import OPERATIONS
from tests.unit.sorting.file_trees import OtherDevice, Seen, filing, remember, snapshot, write

_BASES = (None, LIGHTROOM.encode(), DARKTABLE.encode())
_CLASSES = ("Rose", "Tulip", "Daisy", "Lily")


@cache
def _with_keywords() -> frozenset[bytes]:
    """Every sidecar that up to three of the classes, one after the other, make."""
    found: dict[bytes, Merged] = {}
    for base in _BASES:
        now = [merged(base, entries_of(name)) for name in _CLASSES]
        for _ in range(2):
            now += [merged(each.data, entries_of(name), each.ours) for each in now for name in _CLASSES]
        found |= {each.data: each for each in now}
    return frozenset(found)


class KeywordWatch(Watch):
    """Knows the sidecars with keywords."""

    def __init__(self, *roots: Path) -> None:
        super().__init__(*roots)
        self.with_keywords = _with_keywords()

    def count(self, tally: Tally, *, recovered: bool = True, keeps: bool = False) -> dict[Path, Seen]:
        """As for photos; a sidecar under a photo's name is whole, and one that is as before has its old times too."""
        now = snapshot(*self.roots)
        here = {path: seen for path, seen in now.items() if self._is_visible(path, seen)}
        others = {path: seen for path, seen in here.items() if seen.content not in self.with_keywords}
        tally.partial += sum(seen.content not in self.whole for seen in others.values() if seen.kind == "file")
        tally.modified += sum(self.before.get(path, seen) != seen for path, seen in others.items())
        left = [path for path in now if path.name.startswith(".flowersorter-")]
        if recovered:
            tally.lost += len(self.whole - {seen.content for seen in now.values() if seen.kind == "file"})
            tally.expect(not left, "a temporary file was left")
        if keeps:
            tally.modified += len(self.before.keys() - now.keys())
        return now

    def compare(self, tally: Tally, what: str = "not as before after undoing everything") -> None:
        """Everything must be as at the start; the folder for kept sidecars may be there, empty."""
        now = self.count(tally)
        tally.expect({path: seen for path, seen in now.items() if path != self.roots[-1]} == self.before, what)

    @staticmethod
    def _is_visible(path: Path, seen: Seen) -> bool:
        on_its_way = path.name.startswith(".flowersorter-") or path.name.endswith(MERGED_SUFFIX)
        return seen.kind != "folder" and not on_its_way


class KeywordStage(Stage):
    """Photos with sidecars of other programs and without, sorted with keywords."""

    @property
    def kept(self) -> Path:
        """Where the collection keeps sidecars for undo."""
        return self.collection / "keywords"

    @property
    def folders(self) -> list[Path]:
        """Those of the photos, and that for kept sidecars."""
        return [self.source, self.destination, self.kept]

    def build(self) -> Watch:
        """Put everything where it belongs at the start."""
        kept = self.source.with_name("kept")
        for folder in (self.source, self.destination, self.collection):
            shutil.rmtree(folder, ignore_errors=True)
        write(self.source / "a.jpg", A)
        write(self.source / "a.jpg.xmp", LIGHTROOM.encode())
        write(self.source / "a.aae", b"edits")
        write(self.source / "b.jpg", B, 0o600)
        write(self.source / "deep" / "a.jpg", C)
        write(self.source / "deep" / "a.xmp", DARKTABLE.encode(), 0o600)
        write(self.source / "twin.jpg", B)
        write(self.destination / "Rose" / "a.jpg", OLD)
        if not kept.exists():
            with CollectionStore.open(kept) as collection:
                remember(collection, self.source, list(self.photos))
        shutil.copytree(kept, self.collection)
        return KeywordWatch(*self.folders)

    def sort(self, collection: CollectionStore, files: FileSystem | None = None) -> None:
        """Sort every photo with keywords."""
        execute(self._plan_with_keywords(collection), collection, silent, CancelToken(), files)

    def write(self, collection: CollectionStore, files: FileSystem | None = None) -> None:
        """Write keywords beside the photos."""
        execute(self._plan_in_place(collection, _CLASSES), collection, silent, CancelToken(), files)

    def write_others(self, collection: CollectionStore, files: FileSystem | None = None) -> None:
        """Write those of other classes."""
        execute(self._plan_in_place(collection, _CLASSES[::-1]), collection, silent, CancelToken(), files)

    def _plan_with_keywords(self, collection: CollectionStore) -> SortPlan:
        there = [replace(filing(path, name), keywords=entries_of(name)) for path, name in self._there()]
        return make_plan(
            there,
            self.destination,
            self.mode,
            CancelToken(),
            source_root=self.source,
            index=read_keywords(collection.database),
        )

    def _plan_in_place(self, collection: CollectionStore, classes: tuple[str, ...]) -> SortPlan:
        there = [
            replace(filing(path, name), keywords=entries_of(name))
            for (path, _), name in zip(self._there(), classes, strict=True)
        ]
        return plan_in_place(collection, there, self.source, CancelToken())

    def _there(self) -> Iterator[tuple[Path, str]]:
        return ((path, name) for path, name in self.photos.items() if path.exists())


def _stages(scratch: Path, tally: Tally) -> Iterator[KeywordStage]:
    with memory(scratch) as here:
        for mode in (Mode.COPY, Mode.MOVE, Mode.LINK):
            yield KeywordStage(here, here / "photos", here / "sorted", mode)
        try:
            with second_disk(here / "elsewhere", scratch) as there:
                yield KeywordStage(here, there / "photos", here / "sorted", Mode.MOVE)
        except OtherDevice as reason:
            tally.notes.append(f"other device: {reason}")


def _acts(stage: KeywordStage) -> Iterator[tuple[tuple[Act, ...], Act]]:
    yield (), stage.sort
    yield (stage.sort,), stage.correct
    yield (stage.sort, stage.correct), stage.undo
    if stage.mode != Mode.LINK:  # the same for all modes
        yield (), stage.write
        yield (stage.write,), stage.write_others
        yield (stage.write, stage.write_others), stage.undo
        yield (stage.write, stage.write_others), stage.sort


def killed(scratch: Path, every: int = 11, interrupted: int = 1) -> Tally:
    """Kill what writes keywords, and the recovery after it, as `crash.at_every_call` does."""
    tally = Tally()
    for stage in _stages(scratch, tally):
        for first, act in _acts(stage):
            kill_act(stage, first, act, every, interrupted, tally)
    tally.notes.append(f"opening and recovering took {tally.slowest_s:.2f} s at most")
    return tally


def every_error(scratch: Path, codes: int = 2, calls: int = 6, every: int = 1) -> Tally:
    """Let each operation fail, as `errors.every_error` does."""
    tally, turn = Tally(), 0
    for number, stage in enumerate(_stages(scratch, tally)):
        for first, act in _acts(stage):
            for position, name in enumerate(OPERATIONS):
                turn += 1
                if turn % every:
                    continue
                some = [CODES[(number + position + step * 3) % len(CODES)] for step in range(codes)]
                for disk in faults(name, some, calls):
                    fail_act(stage, first, act, disk, tally)
    return tally


def power_loss(scratch: Path, states: int = 600) -> Tally:
    """Cut the power, as `power_loss.power_loss` does; the library is on the disk before its files."""
    tally = Tally()
    with memory(scratch) as here:
        kinds = [(kind, mode) for kind, mode in itertools.product(("one device", "no links"), (Mode.COPY, Mode.MOVE))]
        for number, (kind, mode) in enumerate(kinds):
            stage = KeywordStage(here, here / "photos", here / "sorted", mode)
            acts = list(_acts(stage))
            share = (states + len(kinds) - 1 - number) // len(kinds)
            for turn, (first, act) in enumerate(acts):
                cut_at_some(stage, kind, first, act, (share + len(acts) - 1 - turn) // len(acts), tally)
    return tally
