"""A photo and its sidecars are filed and taken back together or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flowersorter.domain.journal import Entry, EntryState, Run
from flowersorter.sorting.created_folders import make_class_folder
from flowersorter.sorting.failures import PUT_RIGHT_LATER, LeftOpenError, NotDoneError
from flowersorter.sorting.journaled_steps import StepContext, check_take_back, file, take_back
from flowersorter.sorting.safe_names import shown


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


def file_group(desk: StepContext, run: Run, group: Group) -> str | None:
    """File a photo with its sidecars.

    Returns:
        What the person should know about it, or None.

    Raises:
        NotDoneError: all of it is where it was.
        LeftOpenError: a part is left to recovery.
    """
    done: list[Entry] = []
    notes = []
    try:
        make_class_folder(desk, run.id, group.lead.destination.parent)
        for entry in group.entries:
            note = file(desk, entry)
            done.append(entry)
            if note is not None:
                notes.append(note)
    except NotDoneError as error:
        _bring_back(desk, run, group, done, error)
    return "; ".join(notes) or None


def take_back_group(desk: StepContext, run: Run, group: Group) -> None:
    """Take a photo back with its sidecars; all are looked at before the first is touched.

    Raises:
        NotDoneError: all of it stays filed.
        LeftOpenError: a part is left to recovery.
    """
    filed = [entry for entry in group.entries if entry.state == EntryState.DONE]
    for entry in filed:
        try:
            check_take_back(desk, run, entry)
        except NotDoneError as error:
            reason = _about(entry, group, error.reason)
            desk.journal.settle(entry.id, EntryState.DONE, reason)
            raise NotDoneError(reason) from error
    for entry in reversed(filed):
        try:
            take_back(desk, run, entry)
        except NotDoneError as error:
            _file_again(desk, filed[filed.index(entry) + 1 :], error)
            raise NotDoneError(_about(entry, group, error.reason), stop=error.stop) from error


def _bring_back(desk: StepContext, run: Run, group: Group, done: list[Entry], error: NotDoneError) -> None:
    """One of a group failed: take back what was filed before it.

    Raises:
        NotDoneError: with the reason.
        LeftOpenError: not even that works.
    """
    failed = group.entries[len(done)]
    reason = _about(failed, group, error.reason)
    desk.journal.settle_all((entry.id for entry in group.entries[len(done) :]), EntryState.FAILED, reason)
    filed = desk.journal.entries([entry.id for entry in done])
    for entry in reversed(filed):
        try:
            take_back(desk, run, entry)
        except (NotDoneError, LeftOpenError) as stuck:
            # Open, so that recovery comes back to it.
            desk.journal.settle(entry.id, EntryState.UNDOING, stuck.reason)
            raise LeftOpenError(f"{reason}; {PUT_RIGHT_LATER}", stop=error.stop) from error
        desk.journal.settle(entry.id, EntryState.FAILED, reason)
    raise NotDoneError(reason, stop=error.stop) from error


def _file_again(desk: StepContext, taken_back: list[Entry], error: NotDoneError) -> None:
    """A photo could not be taken back: its sidecars stay with it.

    Raises:
        LeftOpenError: not even that works.
    """
    for entry in taken_back:
        try:
            file(desk, entry)
        except (NotDoneError, LeftOpenError) as stuck:
            # Open, so that recovery comes back to it.
            desk.journal.settle(entry.id, EntryState.UNDOING, stuck.reason)
            raise LeftOpenError(f"{error.reason}; {PUT_RIGHT_LATER}", stop=error.stop) from error


def _about(entry: Entry, group: Group, reason: str) -> str:
    """A reason that says which file it is about, if it is not the photo."""
    return reason if entry is group.lead else f"{shown(Path(entry.source.name))}: {reason}"
