"""Files a photo with its sidecars, and undoes it, all or nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from flowersorter.domain.journal import Entry, EntryState, Run
from flowersorter.jobs import CancelToken
from flowersorter.library.tables.journal import Journal
from flowersorter.messages import joined_texts
from flowersorter.sorting.failures import GONE, REPAIRED_LATER, LeftOpenError, NotDoneError, disk_errors_as_failures
from flowersorter.sorting.filesystem import is_folder
from flowersorter.sorting.folders.created_folders import make_class_folder
from flowersorter.sorting.journaled_steps import (
    StepContext,
    begin_filing,
    begin_undo,
    check_undo,
    file,
    require_drives,
    undo_step,
)
from flowersorter.sorting.keywords.kept_sidecars import MERGED_SUFFIX
from flowersorter.sorting.plan import Action
from flowersorter.sorting.safe_names import shown

#: Sidecars that are read at once.
_AT_ONCE = 1000


@dataclass(slots=True)
class Group:
    """The entries of one photo: its own first, then its sidecars'."""

    entries: list[Entry] = field(default_factory=list)

    @property
    def lead(self) -> Entry:
        """The photo's own entry."""
        return self.entries[0]


def grouped(entries: Sequence[Entry]) -> list[Group]:
    """Put the entries of a run together, photo by photo, in their order."""
    groups: dict[int, Group] = {}
    for entry in entries:
        groups.setdefault(entry.lead_id or entry.id, Group()).entries.append(entry)
    return list(groups.values())


def groups_in_blocks(
    journal: Journal, run_id: int, states: Sequence[EntryState], *, backwards: bool = False
) -> Iterator[Group]:
    """Yield the photos of a run that have a file in one of these states, with those files, read block by block.

    A photo in another state comes first in its group all the same.
    """
    for block in journal.blocks(run_id, states, backwards=backwards):
        yield from _led(journal, block, backwards=backwards)


def groups_with_sidecars(
    journal: Journal, run_id: int, states: Sequence[EntryState] = tuple(EntryState)
) -> Iterator[Group]:
    """Yield the photos of a run that have sidecars in one of these states, each first, with these."""
    sidecars: list[Entry] = []
    for entry in journal.sidecars(run_id, states):
        if sidecars and entry.lead_id != sidecars[-1].lead_id and len(sidecars) >= _AT_ONCE:
            yield from _led(journal, sidecars)
            sidecars = []
        sidecars.append(entry)
    yield from _led(journal, sidecars)


def _led(journal: Journal, entries: Sequence[Entry], *, backwards: bool = False) -> list[Group]:
    """Put entries together as `grouped`, and add the photos of sidecars that are not among them."""
    entries = sorted(entries, key=lambda entry: entry.id)
    known = {entry.id for entry in entries}
    missing = {entry.lead_id for entry in entries if entry.lead_id is not None} - known
    if missing:
        entries = sorted([*entries, *journal.entries(sorted(missing))], key=lambda entry: entry.id)
    groups = grouped(entries)
    return groups[::-1] if backwards else groups


def late_units(group: Group) -> list[Group]:
    """Return the sidecars beside a photo that stays, in groups of their own, as each is filed whatever the rest does.

    A sidecar that is moved to make room for the one with keywords is in a group with it.
    """
    units: list[Group] = []
    for entry in group.entries[1:]:
        before = units[-1].entries[-1] if units else None
        if before is not None and before.action == Action.MOVE and before.source == entry.destination:
            units[-1].entries.append(entry)
        else:
            units.append(Group([entry]))
    return units


def file_group(context: StepContext, run: Run, group: Group) -> str | None:
    """File a photo with its sidecars.

    Returns:
        A note for the person, or None.

    Raises:
        NotDoneError: none of them was filed.
        LeftOpenError: some are left to recovery.
    """
    done: list[Entry] = []
    notes = []
    try:
        _make_class_folder(context, run, group)
    except NotDoneError as error:
        if error.stop and group.lead.id in context.batch.waiting:
            raise  # it is not tried, and planned again when the batch ends
        _roll_back(context, run, group, done, error)
    try:
        for entry in group.entries:
            note = file(context, entry)
            done.append(entry)
            if note is not None:
                notes.append(note)
    except NotDoneError as error:
        _roll_back(context, run, group, done, error)
    return "; ".join(notes) or None


def _make_class_folder(context: StepContext, run: Run, group: Group) -> None:
    """Make the class folder of a photo, or say why it could not be made for its batch.

    Raises:
        NotDoneError: it cannot be made.
    """
    folder = group.lead.destination.parent
    if (error := context.batch.no_folder.pop(folder, None)) is not None:
        raise error
    make_class_folder(context, run, folder)


def begin_groups(context: StepContext, run: Run, groups: Iterable[Group]) -> None:
    """Store in one transaction that photos and their sidecars are about to be filed; `file_group` follows for each.

    Their class folders are made before: recovery would take a missing one for an unplugged drive. Where a crash leaves
    some files of a photo filed and some not, recovery files the rest, or takes the photo back. A sidecar that makes
    room for one with keywords at its place is left to `file_group`: recovery could not tell the two apart.
    """
    entries, made = list[Entry](), dict[Path, bool]()
    for group in groups:
        folder = group.lead.destination.parent
        if folder not in made:
            made[folder] = True
            try:
                make_class_folder(context, run, folder)
            except NotDoneError as error:
                made[folder] = False
                context.batch.no_folder[folder] = error
        makes_room = {entry.source for entry in group.entries if entry.action == Action.MOVE}
        if made[folder] and not any(entry.destination in makes_room for entry in group.entries):
            entries += group.entries
    begin_filing(context, entries)


def begin_undo_groups(context: StepContext, run: Run, groups: Iterable[Group], cancel: CancelToken) -> set[int]:
    """Check photos and their sidecars, and store in one transaction that they are about to be undone.

    One is left out whose sidecar goes back to where another one is taken away: recovery could not tell the two apart.

    Returns:
        The ids of those whose undo is stored; `undo_group` follows for each photo, and says why one cannot be undone.

    Raises:
        Cancelled: asked to stop, before anything is stored.
    """
    entries = list[Entry]()
    for group in groups:
        cancel.check()
        filed = [entry for entry in group.entries if entry.state == EntryState.DONE]
        freed = freed_by(filed)
        if any(entry.source in freed for entry in filed):
            continue
        with suppress(NotDoneError), disk_errors_as_failures():
            require_drives(context)
            for entry in filed:
                check_undo(context, run, entry)
                # A missing folder is made only when the turn of its photo has come: this batch may end before.
                if entry.action == Action.MOVE and not is_folder(context.files, entry.source.parent):
                    raise NotDoneError(GONE)
            entries += filed
    begin_undo(context, entries)
    return {entry.id for entry in entries}


def undo_group(context: StepContext, run: Run, group: Group, checked: Collection[int] = ()) -> bool:
    """Undo the filing of a photo and its sidecars; all are checked before the first is touched.

    Args:
        context: The journal and the disk.
        run: The run that filed it.
        group: The photo.
        checked: Ids of entries that were checked just now.

    Returns:
        Whether the photo was still there.

    Raises:
        NotDoneError: all of them stay filed.
        LeftOpenError: some are left to recovery.
    """
    filed = [entry for entry in group.entries if entry.state == EntryState.DONE]
    freed = freed_by(filed)
    for entry in filed:
        if entry.id in checked:
            continue
        try:
            check_undo(context, run, entry, freed)
        except NotDoneError as error:
            reason = _about(entry, group, error.reason)
            context.journal.set_state(entry.id, EntryState.DONE, reason)
            raise NotDoneError(reason) from error
    was_there = True
    for entry in reversed(filed):
        try:
            there = undo_step(context, run, entry)
            was_there = there if entry is group.lead else was_there
        except NotDoneError as error:
            _refile(context, filed[filed.index(entry) + 1 :], error)
            raise NotDoneError(_about(entry, group, error.reason), stop=error.stop) from error
    return was_there


def freed_by(filed: Sequence[Entry]) -> set[Path]:
    """Return the paths that undoing these filings frees: where a sidecar was, there may be the one with keywords."""
    return {entry.destination for entry in filed if entry.action == Action.COPY}


def _roll_back(context: StepContext, run: Run, group: Group, done: list[Entry], error: NotDoneError) -> None:
    """Undo the files of a group that were filed before one failed.

    Raises:
        NotDoneError: with the reason of the failure.
        LeftOpenError: this failed too.
    """
    failed = group.entries[len(done)]
    reason = _about(failed, group, error.reason)
    context.batch.put_back(group.entries)
    context.batch.store_outcomes(context.collection)
    context.journal.set_states((entry.id for entry in group.entries[len(done) :]), EntryState.FAILED, reason)
    filed = context.journal.entries([entry.id for entry in done])
    for entry in reversed(filed):
        try:
            undo_step(context, run, entry)
        except (NotDoneError, LeftOpenError) as stuck:
            # Left open for recovery.
            context.journal.set_state(entry.id, EntryState.UNDOING, stuck.reason)
            raise LeftOpenError(joined_texts("; ", reason, REPAIRED_LATER), stop=error.stop) from error
        context.journal.set_state(entry.id, EntryState.FAILED, reason)
    raise NotDoneError(reason, stop=error.stop) from error


def _refile(context: StepContext, undone: list[Entry], error: NotDoneError) -> None:
    """File the sidecars again of a photo that could not be undone.

    Raises:
        LeftOpenError: this failed too.
    """
    context.batch.store_outcomes(context.collection)
    for entry in undone:
        try:
            file(context, entry)
        except (NotDoneError, LeftOpenError) as stuck:
            # Left open for recovery.
            context.journal.set_state(entry.id, EntryState.UNDOING, stuck.reason)
            raise LeftOpenError(joined_texts("; ", error.reason, REPAIRED_LATER), stop=error.stop) from error


def _about(entry: Entry, group: Group, reason: str) -> str:
    """The reason, with the file name if it is about a sidecar."""
    if entry is group.lead or group.lead.lead_id is not None:
        return reason
    return joined_texts(": ", shown(Path(name_of(entry))), reason)


def name_of(entry: Entry) -> str:
    """Return the name of a file for the person: that of one with keywords is the one that it gets."""
    return entry.destination.name if entry.source.name.endswith(MERGED_SUFFIX) else entry.source.name
