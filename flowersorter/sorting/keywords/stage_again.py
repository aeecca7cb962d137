"""Makes the sidecars with keywords of a run that goes on: those made for it are deleted whenever it ends.

They are made from the sidecars of now, so that edits of meanwhile are kept, and stored in place of the old ones in the
journal before the first file is touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from flowersorter.domain.journal import Entry, EntryState, NewEntry, Run, WrittenKeywords
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.tables.written_keywords import written_by
from flowersorter.messages import Text, text
from flowersorter.photos.xmp.document import XmpUnusable
from flowersorter.photos.xmp.keywords import entries_of
from flowersorter.sorting.journaled_steps import StepContext
from flowersorter.sorting.keywords.kept_sidecars import is_kept
from flowersorter.sorting.keywords.planned_keywords import PlannedKeywords
from flowersorter.sorting.keywords.stage_keywords import Stager, as_it_is, why_none
from flowersorter.sorting.plan import Action, Filing, Mode, PlannedFile
from flowersorter.sorting.runs.appeared_sidecars import AppearedSidecars
from flowersorter.sorting.runs.outcomes import Deviation
from flowersorter.sorting.runs.recheck import Recorder
from flowersorter.sorting.sidecar_groups import Group, groups_with_sidecars

#: Photos whose sidecars are stored in one transaction.
_AT_ONCE = 200
_UNKNOWN = text("an earlier version prepared its keywords; sort the folder again")
_APART = text("the sidecar that it had is in the collection already; sort the folder again")


class NoteRecorder(Recorder, Protocol):
    """Takes the outcomes of a run, and notes about them."""

    def put_note(self, lead: Entry, note: Text) -> None:
        """Take a note about a photo, to be given with its outcome."""
        ...


@dataclass(frozen=True, slots=True)
class _Staged:
    """A planned sidecar with keywords.

    Attributes:
        photo: Its photo, as it was planned.
        entries: The move of the sidecar that was there, if any, and the copy of the one with keywords.
        keywords: Those that it gets.
    """

    photo: PlannedFile
    entries: tuple[Entry, ...]
    keywords: PlannedKeywords


@dataclass(frozen=True, slots=True)
class _Made:
    """A planned sidecar with keywords as it was made.

    Attributes:
        group: Its photo.
        staged: The plan.
        entries: The files in place of those of the plan.
        note: Why it gets no keywords.
    """

    group: Group
    staged: _Staged
    entries: Sequence[NewEntry]
    note: Text | None = None

    @property
    def ids(self) -> list[int]:
        """The ids of the entries of the plan."""
        return [entry.id for entry in self.staged.entries]

    @property
    def fails_alone(self) -> bool:
        """Whether nothing is filed beside a photo that stays, for a reason."""
        return self.note is not None and not self.entries and self.group.lead.state == EntryState.NOTED


class StageAgain:
    """Makes the sidecars with keywords of the planned photos of a run, block by block.

    Args:
        context: The journal and the disk.
        run: The run; its photos have been looked at again, so each still has the class of its plan.
        record: Gets the photos that are left, and notes about sidecars that get no keywords.
    """

    def __init__(self, context: StepContext, run: Run, record: NoteRecorder) -> None:
        self._context, self._run, self._record = context, run, record
        self._journal, self._mode = context.journal, Mode(run.mode)
        self._stager = Stager(context, self._mode)
        self._appeared = AppearedSidecars(context)
        self._done = 0

    def make(self, report: Report, cancel: CancelToken) -> None:
        """Make them, and store them in the journal.

        A sidecar that cannot get any keywords by now is filed as it is. A photo is left where one has appeared.

        Raises:
            Cancelled: asked to stop, between two sidecars.
        """
        groups = groups_with_sidecars(self._journal, self._run.id, [EntryState.PLANNED])
        while block := list(islice(groups, _AT_ONCE)):
            written = written_by(
                self._context.collection.database, [entry.id for group in block for entry in group.entries]
            )
            made: list[_Made] = []
            for group in block if written else ():
                for staged in self._staged(group, written):
                    report(Progress(text("Preparing keywords"), self._done))
                    cancel.check()
                    self._done += 1
                    made.append(self._made(group, staged))
            try:
                self._stager.sync()
            except OSError as error:  # files that may not last are not used
                made = [self._unchanged(each.group, each.staged, error) for each in made]
            self._store(made)

    def _staged(self, group: Group, written: dict[int, WrittenKeywords]) -> list[_Staged]:
        """The sidecars of a photo that get keywords; none where it is left, or was filed before."""
        lead = group.lead
        if lead.state not in {EntryState.PLANNED, EntryState.NOTED}:
            return []
        assert lead.sha256 is not None  # of a photo it is always known
        filing = Filing(str(lead.source), lead.sha256, lead.size_bytes, lead.mtime_ns, lead.class_name)
        photo = PlannedFile(filing, lead.destination, Action(lead.action))
        found = []
        for entries in self._pairs(group, written):
            keywords = written[entries[-1].id]
            base = entries[0].source if len(entries) > 1 else keywords.base
            if why := self._why_not(photo, keywords, base) or self._why_apart(photo, entries, base):
                self._leave(group, entries, why)
                if lead.state == EntryState.PLANNED:
                    return []
                continue
            planned = PlannedKeywords(base, entries[-1].destination, entries_of(lead.class_name), 0)
            found.append(_Staged(photo, entries, planned))
        return found

    def _pairs(self, group: Group, written: dict[int, WrittenKeywords]) -> Iterator[tuple[Entry, ...]]:
        """Yield the entries of each sidecar with keywords: one that is moved into the collection goes before it."""
        moved: tuple[Entry, ...] = ()
        for entry in group.entries[1:]:
            if is_kept(self._context.collection, entry.destination):
                moved = (entry,)
            elif entry.id in written:
                yield (*moved, entry)
                moved = ()

    def _why_not(self, photo: PlannedFile, keywords: WrittenKeywords, base: Path | None) -> Text | None:
        """Say why a photo is left; None if its sidecar is made."""
        if base is None and keywords.base_sha256 is not None:
            return _UNKNOWN
        if base is None and not photo.action.is_filed:  # `Recheck` has looked beside the others
            return self._appeared.beside_filed(photo.destination)
        return None

    @staticmethod
    def _why_apart(photo: PlannedFile, entries: tuple[Entry, ...], base: Path | None) -> Text | None:
        """Say that a sidecar which is to make room is not planned any more: it is in the collection already."""
        makes_room = base is not None and (photo.action == Action.MOVE or base == entries[-1].destination)
        return _APART if makes_room and len(entries) == 1 else None

    def _leave(self, group: Group, entries: tuple[Entry, ...], why: Text) -> None:
        """Leave a photo with its sidecars, or the sidecar of a photo that stays."""
        lead = group.lead
        if lead.state == EntryState.PLANNED:
            self._journal.set_states((entry.id for entry in group.entries), EntryState.FAILED, why)
            self._record.put(lead, Deviation(lead.action, is_filed=False, error=why), lead.action)
        else:
            self._fail_beside(group, [entry.id for entry in entries], why)

    def _fail_beside(self, group: Group, ids: list[int], why: Text) -> None:
        """Store why a sidecar beside a photo that stays is not made; it is a note at the photo."""
        lead = group.lead
        self._journal.set_states(ids, EntryState.FAILED, why)
        self._record.put_note(lead, why)
        others = self._journal.entries([entry.id for entry in group.entries[1:]])
        if not any(entry.state == EntryState.PLANNED for entry in others):
            self._record.put(lead, Deviation(lead.action, is_filed=True), lead.action)

    def _made(self, group: Group, staged: _Staged) -> _Made:
        try:
            return _Made(group, staged, self._stager.entries(staged.photo, staged.keywords, 0))
        except (XmpUnusable, OSError) as error:
            return self._unchanged(group, staged, error)

    def _unchanged(self, group: Group, staged: _Staged, error: XmpUnusable | OSError) -> _Made:
        entries = list(as_it_is(self._mode, staged.photo, staged.keywords, 0))
        is_gone = isinstance(error, FileNotFoundError) and entries  # its photo says so when it is its turn
        return _Made(group, staged, entries, None if is_gone else why_none(staged.keywords, error))

    def _store(self, made: Sequence[_Made]) -> None:
        self._journal.replace_planned((each.ids, each.entries) for each in made if not each.fails_alone)
        for each in made:
            if each.note is not None and each.fails_alone:
                self._fail_beside(each.group, each.ids, each.note)
            elif each.note is not None:
                self._record.put_note(each.group.lead, each.note)
