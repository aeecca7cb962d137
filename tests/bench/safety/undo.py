"""Undo: random sequences of what a program and a person do, then undo everything: all is as it was."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from flowersorter.domain.journal import Run, RunState
from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.errors import UndoRefused
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.execute import execute
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Mode, SortPlan
from flowersorter.sorting.recover import recover
from flowersorter.sorting.refile import plan_refile
from flowersorter.sorting.undo import undo
from flowersorter.workflows.filing.refile import misfiled, plan_class_move
from tests.bench.safety.mounts import memory
from tests.bench.safety.tally import Tally
from tests.unit.sorting.failing_disks import Crash, CrashingSteps
from tests.unit.sorting.file_trees import Seen, plan, remember, snapshot, write

CLASSES = ("Rose", "rose", "Tulip", "a/b")
#: Name, bytes, permissions, and which photo it belongs to.
PHOTOS = (
    ("a.jpg", b"photo a" * 9, 0o640, "a"),
    ("a.xmp", b"edits of a", 0o444, "a"),
    ("A.JPG", b"photo A" * 9, 0o644, "A"),
    ("deep/a.jpg", b"another a" * 9, 0o600, "deep"),
    ("deep/a.jpg.xmp", b"edits of another", 0o640, "deep"),
    ("b.jpg", b"photo b" * 9, 0o444, "b"),
    ("twin.jpg", b"photo b" * 9, 0o640, "b"),
    (os.fsdecode(b"c\xff.png"), b"photo c" * 9, 0o640, "c"),
)
_TAKEN = "another file has its original name"
_SUFFIXES = frozenset((".jpg", ".JPG", ".png"))

numbers = st.integers(0, 40)
modes = st.sampled_from(list(Mode))
classes = st.sampled_from(CLASSES)


class Filing(RuleBasedStateMachine):
    """A person and the program, at work on the same photos."""

    scratch: Path
    tally: Tally

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(dir=self.scratch))
        self.source, self.destination = self.root / "photos", self.root / "sorted"
        for name, content, mode, _ in PHOTOS:
            write(self.source / name, content, mode)
        write(self.destination / "Rose" / "a.jpg", b"was there before")
        self.before = snapshot(self.source, self.destination)
        #: Bytes to the photo they belong to; what a person makes of a photo still belongs to it.
        self.photo_of = {content: photo for _, content, _, photo in PHOTOS} | {b"was there before": "old"}
        self.known = set(self._files(self.before).values())
        self.wanted = {seen.content for seen in self.known}
        self.touched: set[str] = set()
        self.meddled_with_a_crash = False
        self.edits = 0
        self.collection = self._open()

    def _open(self) -> CollectionStore:
        kept = self.scratch / "kept"
        if not kept.exists():
            CollectionStore.open(kept).close()
        folder = self.root / "collection"
        if not folder.exists():
            shutil.copytree(kept, folder)
        return CollectionStore.open(folder)

    # what the program does

    @rule(mode=modes, first=numbers)
    def sort(self, mode: Mode, first: int) -> None:
        """Sort every photo that is still in its folder."""
        execute(self._plan(mode, first), self.collection, silent, CancelToken())
        self.look()

    @rule(which=numbers, class_name=classes)
    def correct(self, which: int, class_name: str) -> None:
        """Give a photo another label; what is filed follows."""
        self._label(which, class_name)
        for planned in self._plans_to_correct():
            execute(planned, self.collection, silent, CancelToken())
        self.look()

    @rule(name=classes, to=classes)
    def rename_class(self, name: str, to: str) -> None:
        """Rename a class, or merge it into another; what is filed follows."""
        for planned in plan_class_move(self.collection, name, to, CancelToken()):
            execute(planned, self.collection, silent, CancelToken())
        self.look()

    @precondition(lambda self: self.runs())
    @rule(which=numbers, part=st.booleans())
    def undo(self, which: int, part: bool) -> None:
        """Take any run back, or a part of it."""
        run = self.runs()[which % len(self.runs())]
        leads = [entry.id for entry in self.collection.journal.filings(run.id) if entry.lead_id is None]
        self._undo(run, tuple(leads[which % 2 :: 2]) if part else None)
        self.look()

    @rule()
    def restart(self) -> None:
        """Close the program and start it again."""
        self.collection.close()
        self.collection = self._open()
        recover(self.collection)
        self.look()

    @rule(
        what=st.sampled_from(["sort", "correct", "undo"]),
        mode=modes,
        which=numbers,
        at=st.integers(0, 260),
        after=st.booleans(),
        again=st.integers(0, 80),
        meddle=st.sampled_from(["", "", "", "edit", "delete"]),
    )
    def crash(self, what: str, mode: Mode, which: int, at: int, after: bool, again: int, meddle: str) -> None:
        """The program dies on its way, and maybe once more while it recovers; maybe a person does something between."""
        act = self._act(what, mode, which)
        if self._die(act, at, after=after):
            files = self._files(snapshot(self.source, self.destination))
            self._expect_whole(files)
            if meddle and files:
                self.meddled_with_a_crash = True
                self._meddle(meddle, which)
            self._die(lambda disk: recover(self.collection, disk), again, after=after)
        problems = recover(self.collection).problems
        assert not problems or self.touched, problems
        self.look()

    # what a person does behind its back

    @rule(which=numbers, in_place=st.booleans())
    def edit(self, which: int, in_place: bool) -> None:
        """Change a file, by writing into it or by putting a new one in its place."""
        self._meddle("edit in place" if in_place else "edit", which)

    @rule(which=numbers)
    def delete(self, which: int) -> None:
        """Delete a file."""
        self._meddle("delete", which)

    # what must hold

    def look(self) -> None:
        """Nothing is lost, nothing is there in part, nothing was modified."""
        files = self._files(snapshot(self.source, self.destination))
        lost = self.wanted - {seen.content for seen in files.values()}
        self.tally.lost += len(lost)
        assert not lost, f"lost: {lost}"
        left = [path for path in files if path.name.startswith(".flowersorter-")]
        assert not left or self.meddled_with_a_crash, f"left over: {left}"
        self._expect_whole(files)

    def teardown(self) -> None:
        """Undo everything and compare."""
        try:
            refused = self._undo_everything()
            self.look()
            self._compare(refused)
            type(self).tally.tried += 1
        finally:
            self.collection.close()
            shutil.rmtree(self.root)

    def _compare(self, refused: dict[Path, str]) -> None:
        now = snapshot(self.source, self.destination)
        if not self.touched:
            assert now == self.before, "not as before"
            assert not refused, refused
        at_start, at_end = self._files(self.before), self._files(now)
        for photo in set(self.photo_of.values()) - self.touched:
            mine = {path: seen for path, seen in at_end.items() if self.photo_of.get(seen.content) == photo}
            blocked = [refused[path] for path in mine if path in refused]
            # Only a file of the person's stands in the way of one they did not touch.
            if blocked and all(reason == _TAKEN or "undo that sort first" in reason for reason in blocked):
                continue
            then = {path: seen for path, seen in at_start.items() if self.photo_of.get(seen.content) == photo}
            assert mine == then, f"photo {photo} is not as before: {refused}"
        for path in now.keys() - self.before.keys() - at_end.keys():
            assert any(path in file.parents for file in now.keys() - {path}), f"an empty folder was left: {path}"
        folders = {path for path, seen in self.before.items() if seen.kind == "folder"}
        assert folders <= now.keys(), "a folder that was there is gone"

    def _undo_everything(self) -> dict[Path, str]:
        """Every run, the newest first, and what was refused once more: what stood in its way may be gone."""
        refused: dict[Path, str] = {}
        for _ in range(2):
            refused = {}
            for run in self.runs():
                refused |= self._undo(run, None)
        return refused

    def _undo(self, run: Run, only: tuple[int, ...] | None) -> dict[Path, str]:
        try:
            result = undo(self.collection, run.id, silent, CancelToken(), only=only)
        except UndoRefused as error:
            entries = self.collection.journal.filings(run.id)
            return {entry.destination: error.why for entry in entries}
        return {skipped.path: skipped.reason for skipped in result.refused}

    def runs(self) -> list[Run]:
        """Those that are not undone, the newest first."""
        return [run for run in self.collection.journal.runs() if run.state != RunState.UNDONE]

    def _plan(self, mode: Mode, first: int) -> SortPlan:
        photos = [self.source / name for name, *_ in PHOTOS if Path(name).suffix in _SUFFIXES]
        there = [path for path in photos if path.exists()]
        remember(self.collection, self.source, there)
        labels = self.collection.labels.all()
        names = {entry.id: entry.name for entry in self.collection.classes.all()}
        chosen = {place.path: labels.get(place.photo_id or 0) for place in self.collection.photos.all_places()}
        with_class = {}
        for number, path in enumerate(there):
            label = chosen.get(path)
            with_class[path] = CLASSES[(first + number) % 3] if label is None else names[label.class_id]
        return plan(with_class, self.destination, mode, self.source)

    def _label(self, which: int, class_name: str) -> None:
        photo_ids = sorted({place.photo_id for place in self.collection.photos.all_places() if place.photo_id})
        if photo_ids:
            wanted = self.collection.classes.resolve(class_name, ClassOrigin.PERSON)
            self.collection.labels.assign([photo_ids[which % len(photo_ids)]], wanted.id, LabelOrigin.PERSON)

    def _plans_to_correct(self) -> list[SortPlan]:
        photo_ids = sorted({place.photo_id for place in self.collection.photos.all_places() if place.photo_id})
        return plan_refile(self.collection, misfiled(self.collection, photo_ids), CancelToken())

    def _act(self, what: str, mode: Mode, which: int) -> Callable[[FileSystem], object]:
        """One of the acts above, ready to be done on a disk that crashes."""
        if what == "undo" and self.runs():
            run = self.runs()[0]
            return lambda disk: undo(self.collection, run.id, silent, CancelToken(), disk)
        if what == "correct":
            self._label(which, CLASSES[which % len(CLASSES)])
            plans = self._plans_to_correct()
        else:
            plans = [self._plan(mode, which)]
        return lambda disk: [execute(planned, self.collection, silent, CancelToken(), disk) for planned in plans]

    def _die(self, act: Callable[[FileSystem], object], at: int, *, after: bool) -> bool:
        """Do something up to a step; whether it came that far. The program is open again afterwards."""
        steps = CrashingSteps(at, after=after)
        steps.watch_database(self.collection)
        try:
            act(steps.disk())
        except (Crash, UndoRefused):
            pass
        finally:
            self.collection.close()
            self.collection = self._open()
        return steps.dead

    def _meddle(self, what: str, which: int) -> None:
        files = sorted(self._files(snapshot(self.source, self.destination)).items())
        files = [(path, seen) for path, seen in files if not path.name.startswith(".flowersorter-")]
        if not files:
            return
        path, seen = files[which % len(files)]
        photo = self.photo_of[seen.content]
        self.touched.add(photo)
        if what == "edit in place":
            path.chmod(0o640)
            path.write_bytes(self._edited(photo))
        else:
            path.unlink()
            if what == "edit":
                write(path, self._edited(photo))
        now = set(self._files(snapshot(self.source, self.destination)).values())
        self.known |= {seen for seen in now if seen.content in self.photo_of}
        self.wanted = {seen.content for seen in now if seen.content in self.photo_of}

    def _edited(self, photo: str) -> bytes:
        self.edits += 1
        content = b"edited %d" % self.edits
        self.photo_of[content] = photo
        return content

    def _expect_whole(self, files: dict[Path, Seen]) -> None:
        """Every file that can be seen is one that was there or that the person made: its bytes, times, permissions."""
        for path, seen in files.items():
            if path.name.startswith(".flowersorter-"):
                continue
            if seen.content not in self.photo_of:
                self.tally.partial += 1
                raise AssertionError(f"there in part: {path}")
            if seen not in self.known:
                self.tally.modified += 1
                raise AssertionError(f"modified: {path}")

    @staticmethod
    def _files(found: dict[Path, Seen]) -> dict[Path, Seen]:
        return {path: seen for path, seen in found.items() if seen.kind == "file"}


def sequences(scratch: Path, examples: int = 2000) -> Tally:
    """Random sequences of up to 50 steps, most of them shorter, then undo everything."""
    tally = Tally()
    for share, steps in ((0.5, 10), (0.3, 25), (0.2, 50)):
        with memory(scratch) as here:
            machine = type("Filing", (Filing,), {"scratch": here, "tally": tally})
            chosen = settings(
                max_examples=max(1, round(examples * share)),
                stateful_step_count=steps,
                deadline=None,
                derandomize=True,
                database=None,
                report_multiple_bugs=False,
                phases=(Phase.generate, Phase.shrink),
                suppress_health_check=list(HealthCheck),
            )
            try:
                run_state_machine_as_test(machine, settings=chosen)
            except AssertionError as error:
                tally.wrong[" ".join([str(error).partition("\n")[0], *getattr(error, "__notes__", ())])] += 1
    return tally
