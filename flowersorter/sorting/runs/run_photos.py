"""Files the photos of a run, block by block as the journal has them, whether the run is new or goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from flowersorter.domain.journal import Entry, EntryState, Run
from flowersorter.errors import LibraryFull
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.messages import Text, joined_texts, plural, text
from flowersorter.sorting.failures import LeftOpenError, NotDoneError
from flowersorter.sorting.folders.created_folders import make_destination, require_device
from flowersorter.sorting.folders.disk_watch import DiskWatch
from flowersorter.sorting.folders.volumes import is_away
from flowersorter.sorting.journaled_steps import StepContext
from flowersorter.sorting.plan import Action, Mode
from flowersorter.sorting.runs.outcomes import Deviation
from flowersorter.sorting.runs.recheck import Recorder, has_its_bytes, not_there
from flowersorter.sorting.runs.step_batches import in_batches, size_now
from flowersorter.sorting.safe_names import shown
from flowersorter.sorting.sidecar_groups import (
    Group,
    begin_groups,
    file_group,
    groups_in_blocks,
    groups_with_sidecars,
    late_units,
    name_of,
)

#: The stage of a run, for its progress line.
_STAGES: Mapping[Mode, str] = {
    Mode.COPY: text("Copying photos"),
    Mode.MOVE: text("Moving photos"),
    Mode.LINK: text("Linking photos"),
    Mode.SYMLINK: text("Making pointers"),
}
_PLANNED = (EntryState.PLANNED,)
_OPEN = text("the photo with the same bytes, in another folder, is not finished yet")


class Record(Recorder, Protocol):
    """Takes the outcomes of a run."""

    def put_aside(self, original: Entry, lead: Entry, note: str | None, *, moved: bool) -> None:
        """Take the outcome of a duplicate that is to be moved aside, given with the entry of the photo that it is."""
        ...

    def put_rest(self, rest: Iterable[tuple[int, str, bytes]], reason: str) -> None:
        """Take the photos that were not tried: id of the entry, planned action and path of each."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """The destination of a run.

    Attributes:
        device: Its device when the run was planned, or continued; None if unknown.
        missing_folders: The destination and folders above it that have to be made, outermost first.
        keywords: Whether sidecars get keywords.
    """

    destination: Path
    device: int | None
    missing_folders: tuple[Path, ...] = ()
    keywords: bool = False


@dataclass(frozen=True, slots=True)
class _SidecarsBesideFiled:
    """The sidecars that are to be filed beside a photo that is there already.

    Attributes:
        photo: Its entry.
        entries: Those of the sidecars.
        units: The same in groups, each of which is filed whatever becomes of the others.
    """

    photo: Entry
    entries: list[Entry]
    units: list[Group]


class PhotoRun:
    """A run in progress.

    Args:
        context: The journal and the disk.
        run: The run; the files that it is to file are planned.
        target: Its destination.
        record: Takes the outcomes.
        why_not_aside: Says why a duplicate is not moved aside; None where it is.

    Attributes:
        filed: Number of photos that it filed.
        paused: Why the rest is not tried; "" while all is well.
    """

    def __init__(
        self,
        context: StepContext,
        run: Run,
        target: Target,
        record: Record,
        why_not_aside: Callable[[Group], Text | None] = lambda group: None,
    ) -> None:
        self.paused, self.filed = "", 0
        self._why_not_aside = why_not_aside
        self._context, self._run, self._target, self._record = context, run, target, record
        self._journal = context.journal
        self._watch = DiskWatch(context.files, target, context.collection.folder)

    def file_all(self, report: Report, cancel: CancelToken) -> None:
        """File the photos in their order, then the duplicates of photos that could not be filed.

        Raises:
            Cancelled: asked to stop, between two photos.
        """
        self._journal.note_already_there(self._run.id)
        planned = self._journal.planned_photos(self._run.id)
        if planned:
            self._make_destination()
        self._file_beside_filed(report, cancel)
        self._file_photos(sum(each.photos for each in planned if each.is_filed), report, cancel)
        self._file_duplicates(cancel)
        self._move_aside(cancel)
        if self.paused:
            self._record.put_rest(self._journal.untried_photos(self._run.id), self.paused)
            self._journal.cancel_planned(self._run.id, self.paused)

    @contextmanager
    def full_library_told(self) -> Iterator[None]:
        """Say how much is filed, and how to go on, where the disk of the library fills up.

        Raises:
            LibraryFull: it did.
        """
        try:
            yield
        except LibraryFull as error:
            hint = plural(
                "{number} photo is sorted and stays. Free some space there; then flowersorter resume {sort} goes on",
                "{number} photos are sorted and stay. Free some space there; then flowersorter resume {sort} goes on",
                self.filed,
                sort=self._run.id,
            )
            raise LibraryFull(text("The sort stopped"), error.why, hint) from error

    def _make_destination(self) -> None:
        try:
            require_device(self._target, self._context.files)
            make_destination(self._context, self._run.id, self._target.missing_folders)
        except NotDoneError as error:
            self.paused = error.reason

    def _file_beside_filed(self, report: Report, cancel: CancelToken) -> None:
        """File the sidecars of photos that are already there; one that fails is a note at the photo."""
        total, done = self._journal.count_late(self._run.id) if self._target.keywords else 0, 0
        for batch in in_batches(self._beside_filed(), self._size_now):
            with self._context.settled():
                self._begin([unit for beside in batch.groups for unit in beside.units], batch.sizes)
                for beside in batch.groups:
                    if self._target.keywords:
                        report(Progress(text("Writing keywords"), done, total))
                    cancel.check()
                    done += 1
                    self._file_sidecars(beside)

    def _beside_filed(self) -> Iterator[_SidecarsBesideFiled]:
        for group in groups_with_sidecars(self._journal, self._run.id, _PLANNED):
            if group.lead.state == EntryState.NOTED:
                yield _SidecarsBesideFiled(group.lead, group.entries[1:], late_units(group))

    def _file_sidecars(self, beside: _SidecarsBesideFiled) -> None:
        notes: list[Text] = []
        for unit in beside.units:
            _, note = self._outcome(unit)
            if note is not None:
                notes.append(joined_texts(": ", shown(Path(name_of(unit.entries[-1]))), note))
        action, error = beside.photo.action, joined_texts("; ", *notes) or None
        self._record.put(beside.photo, Deviation(action, is_filed=True, error=error), action)

    def _file_photos(self, total: int, report: Report, cancel: CancelToken) -> None:
        stage, done = _STAGES[Mode(self._run.mode)], 0

        def file(group: Group) -> None:
            nonlocal done
            report(Progress(stage, done, total))
            cancel.check()
            self._file(group, group.lead.action)
            done += 1

        self._in_batches(self._photos(), file)
        report(Progress(stage, total if not self.paused else done, total))

    def _photos(self) -> Iterator[Group]:
        """The photos that are still to be filed, in their order, but for duplicates that are moved aside."""
        for group in groups_in_blocks(self._journal, self._run.id, _PLANNED):
            lead = group.lead
            if lead.state == EntryState.PLANNED and Action(lead.action).is_filed and not lead.is_aside:
                yield group

    def _in_batches(self, groups: Iterable[Group], file: Callable[[Group], None]) -> None:
        """Call `file` for each photo, with the intents and the outcomes of a batch stored together."""
        for batch in in_batches(groups, self._size_now):
            if self.paused:
                return
            with self._context.settled():
                self._begin(batch.groups, batch.sizes)
                for group in batch.groups:
                    if self.paused:
                        return
                    file(group)

    def _size_now(self, entry: Entry) -> int:
        return size_now(self._context.files, entry)

    def _begin(self, groups: Sequence[Group], sizes: Mapping[int, int]) -> None:
        """Store the intents of a batch, or pause where it does not fit on the disk."""
        if self.paused:
            return
        try:
            self._watch.require_room([entry for group in groups for entry in group.entries], sizes)
        except NotDoneError as error:
            self.paused = error.reason
        else:
            begin_groups(self._context, self._run, groups)

    def _file_duplicates(self, cancel: CancelToken) -> None:
        """Leave duplicates where they are, but file one if the photo with the same bytes could not be filed."""
        for block in self._journal.blocks(self._run.id, _PLANNED):
            kept: list[Entry] = []
            for lead in (entry for entry in block if entry.action == Action.DUPLICATE):
                if self._journal.is_filed(self._run.id, lead.sha256, lead.destination):
                    kept.append(lead)
                elif self._journal.is_open(self._run.id, lead.sha256, lead.destination):
                    # Recovery may still bring that one to the place where this one would go.
                    self._leave(lead, _OPEN)
                elif not self.paused:
                    cancel.check()
                    self._journal.change_action(lead.id, self._run.mode)
                    self._file(Group(self._journal.entries([lead.id])), Action.DUPLICATE)
            self._journal.set_states([lead.id for lead in kept], EntryState.NOTED)

    def _leave(self, lead: Entry, reason: str) -> None:
        """Leave a photo where it is, with the reason."""
        self._journal.set_state(lead.id, EntryState.FAILED, reason)
        self._record.put(lead, Deviation(lead.action, is_filed=False, error=reason), lead.action)

    def _move_aside(self, cancel: CancelToken) -> None:
        """Move the duplicates aside whose bytes are filed; one that fails is a note at its photo."""

        def move(group: Group) -> None:
            cancel.check()
            original = self._original(group.lead)
            if original.state != EntryState.NOTED:
                # It was filed in place of a photo that could not be, or stays with it until that is tried again.
                failed = original.state == EntryState.FAILED
                state, reason = (EntryState.FAILED, original.error) if failed else (EntryState.NOTED, None)
                self._context.batch.put_back(group.entries)
                self._journal.set_states((entry.id for entry in group.entries), state, reason)
                return
            if not has_its_bytes(self._context.files, original, original.destination):
                # People empty the folder of duplicates: what is moved there must not be the last one.
                reason = not_there(original.destination)
                self._context.batch.put_back(group.entries)
                self._journal.set_states((entry.id for entry in group.entries), EntryState.FAILED, reason)
                self._leave(original, reason)
                return
            if why := self._why_not_aside(group):
                self._context.batch.put_back(group.entries)
                self._journal.set_states((entry.id for entry in group.entries), EntryState.FAILED, why)
                self._record.put_aside(original, group.lead, why, moved=False)
                return
            target, note = self._outcome(group)
            if target is not None or note is not None:
                self._record.put_aside(original, group.lead, note, moved=target is not None)

        self._in_batches(self._aside(), move)
        if self.paused:
            for group in self._aside():
                original = self._original(group.lead)
                if original.state == EntryState.NOTED:
                    self._record.put_aside(original, group.lead, self.paused, moved=False)

    def _aside(self) -> Iterator[Group]:
        for group in groups_in_blocks(self._journal, self._run.id, _PLANNED):
            if group.lead.state == EntryState.PLANNED and group.lead.is_aside:
                yield group

    def _original(self, aside: Entry) -> Entry:
        """The entry of the photo that is moved aside as a duplicate."""
        assert aside.original_id is not None
        [original] = self._journal.entries([aside.original_id])
        return original

    def _file(self, group: Group, planned: str) -> None:
        destination, error = self._outcome(group)
        if destination is not None or error is not None:
            self._record.put(group.lead, Deviation(group.lead.action, destination is not None, error), planned)

    def _outcome(self, group: Group) -> tuple[Path | None, str | None]:
        """File a photo; return its destination, if it was filed, and the reason or note.

        A photo that is not tried, because the disk is full or gone, stays planned and has neither.
        """
        if not self.paused:
            try:
                require_device(self._target, self._context.files)
            except NotDoneError as error:
                self.paused = error.reason
        if self.paused:
            return None, self._why_waiting(group)
        try:
            note = file_group(self._context, self._run, group)
            is_photo = group.lead.lead_id is None and not group.lead.is_aside
            self.filed += is_photo and group.lead.state == EntryState.PLANNED
            return group.lead.destination, note
        except (NotDoneError, LeftOpenError) as error:
            if error.stop:
                self.paused = error.reason
                waits = self._is_untried(group)
            else:
                waits = isinstance(error, NotDoneError) and self._is_away(group)
            if waits:
                return None, self._why_waiting(group)
            return None, error.reason

    def _why_waiting(self, group: Group) -> str | None:
        """The note of a photo that is not tried: sidecars beside a photo that stays have one, others are counted."""
        return self.paused if group.lead.state != EntryState.PLANNED or group.lead.lead_id else None

    def _is_untried(self, group: Group) -> bool:
        """Return whether a photo is planned as before: the disk was gone when its step began."""
        lead = group.lead.id
        return lead in self._context.batch.waiting or self._journal.entries([lead])[0].state == EntryState.PLANNED

    def _is_away(self, group: Group) -> bool:
        """Pause if a photo failed because the drive it comes from is gone: it waits for it, as those after it do."""
        folder = group.lead.source.parent
        if not is_away(self._context.files, self._run, folder):
            return False
        self.paused = text("{folder} is not there any more; its drive may be unplugged", folder=shown(folder))
        tried = [entry.id for entry in group.entries if entry.state == EntryState.PLANNED]
        self._journal.set_states(tried, EntryState.PLANNED)
        return True
