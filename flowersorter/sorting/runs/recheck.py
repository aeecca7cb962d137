"""Looks again at what is left of a run before it goes on, days later: by then files, labels and other sorts changed.

A photo is filed where the plan put it, noted where its bytes are, or left with a reason: sorting its folder once more
plans it anew.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Protocol

from flowersorter.domain.journal import DUPLICATES, NO_CLASS, Entry, EntryState, Run
from flowersorter.jobs import CancelToken
from flowersorter.library.tables.filed_photos import FiledPhoto, filed_files
from flowersorter.messages import Text, text
from flowersorter.sorting.filesystem import FileSystem, is_our_link, is_regular, is_same_file, stat_or_none
from flowersorter.sorting.folders.destination_contents import DestinationContents
from flowersorter.sorting.journaled_steps import StepContext
from flowersorter.sorting.plan import Action
from flowersorter.sorting.runs.answers_since import AnswersSince
from flowersorter.sorting.runs.appeared_sidecars import AppearedSidecars
from flowersorter.sorting.runs.outcomes import Deviation
from flowersorter.sorting.safe_names import shown
from flowersorter.sorting.sidecar_groups import Group, groups_in_blocks

#: Photos that are looked at together.
_AT_ONCE = 500


class Recorder(Protocol):
    """Takes the outcomes of a run."""

    def put(self, lead: Entry, outcome: Deviation, planned: str) -> None:
        """Take the outcome of a photo, given with the planned action."""
        ...


def has_its_bytes(files: FileSystem, entry: Entry, path: Path) -> bool:
    """Return whether another file than that of an entry has its bytes now, or is a link to it.

    A file that cannot be read has not.
    """
    try:
        found, source = stat_or_none(files, path), stat_or_none(files, entry.source)
        if found is None or not is_regular(found):
            return is_our_link(files, entry.source, path)
        # One name that is reached in two ways is the file itself.
        if source is not None and is_same_file(found, source) and found.st_nlink == 1:
            return False
        return found.st_size == entry.size_bytes and files.hash(path) == entry.sha256
    except OSError:
        return False


def not_there(path: Path) -> Text:
    """Say that a file is gone for whose sake a photo would stay, or be moved aside."""
    return text("the file with its bytes is not at {file} any more; sort the folder again", file=shown(path))


class Recheck:
    """Looks at the planned photos of a run that goes on, block by block.

    Args:
        context: The journal and the disk.
        run: The run; what is left of it is planned.
        record: Gets the photos whose outcome is not the planned one.
        said: Says which photos do not fit the plan any more.
    """

    def __init__(self, context: StepContext, run: Run, record: Recorder, said: AnswersSince) -> None:
        self._context, self._run, self._record = context, run, record
        self._files, self._journal = context.files, context.journal
        self._contents = DestinationContents(context.files, run.destination)
        # Those of other sorts: what they filed is looked for in the whole destination, as when a sort is planned.
        self._filed: Collection[bytes] = context.journal.filed_hashes(run.destination, but=run.id)
        folders = context.journal.class_folders(run.destination)
        self._aside = run.destination / folders.get(NO_CLASS, DUPLICATES)
        self._said = said
        self._appeared = AppearedSidecars(context)

    def look(self, cancel: CancelToken) -> None:
        """Note the photos that are there by now, and leave those that the plan does not fit any more.

        Raises:
            Cancelled: asked to stop, between two photos.
        """
        waiting: list[Group] = []
        for group in groups_in_blocks(self._journal, self._run.id, [EntryState.PLANNED]):
            # A duplicate that is moved aside is looked at when it is; a filed photo stays filed.
            if not group.lead.is_aside and group.lead.state in {EntryState.PLANNED, EntryState.NOTED}:
                waiting.append(group)
            if len(waiting) == _AT_ONCE:
                self._look_at(waiting, cancel)
                waiting = []
        self._look_at(waiting, cancel)

    def _look_at(self, groups: list[Group], cancel: CancelToken) -> None:
        hashes = [group.lead.sha256 for group in groups if group.lead.sha256 is not None]
        places = {
            photo.sha256: photo
            for photo in filed_files(self._context.collection.database, hashes)
            if photo.root == self._run.destination and photo.run_id != self._run.id and os.path.lexists(photo.path)
        }
        self._said.read([group.lead for group in groups])
        self._appeared.read(groups)
        aside = self._journal.planned_aside([group.lead.id for group in groups])
        for group in groups:
            cancel.check()
            existing = self._existing(group.lead, places)
            if why := self._why_not(group, existing, places):
                self._leave(group, why)
            elif existing is not None:
                self._note(group, existing, is_moved_aside=group.lead.id in aside)

    def _existing(self, lead: Entry, places: Mapping[bytes, FiledPhoto]) -> Path | None:
        """The file in the destination with the bytes of a photo; None if it has to be filed."""
        assert lead.sha256 is not None  # of a photo it is always known
        known = [] if Action(lead.action).is_filed else [lead.destination]
        place = places.get(lead.sha256)
        if place is not None and place.class_name == lead.class_name:
            known.append(place.path)
        for path in known:
            if has_its_bytes(self._files, lead, path):
                return path
        root = self._run.destination
        parts = lead.destination.relative_to(root).parts
        within = root / parts[0] if lead.sha256 not in self._filed and len(parts) > 1 else root
        same = self._contents.all_with(lead.size_bytes, lead.sha256)
        return next((path for path in same if self._counts(path, within) and path != lead.source), None)

    def _counts(self, path: Path, within: Path) -> bool:
        """Whether a file is in a folder, and is none that was moved aside: people empty that folder."""
        return within in path.parents and self._aside not in path.parents

    def _why_not(self, group: Group, existing: Path | None, places: Mapping[bytes, FiledPhoto]) -> Text | None:
        """Say why a photo is not filed as planned, nor noted; None if it is."""
        lead = group.lead
        assert lead.sha256 is not None
        if existing is not None and not Action(lead.action).is_filed:
            return None
        place = places.get(lead.sha256)
        if place is not None and place.class_name != lead.class_name:
            return text("it is sorted into “{name}” there already", name=place.class_name)
        if existing is not None:
            return None
        if why := self._said.why_not(lead):
            return why
        gone = lead.action == Action.ALREADY_THERE or (
            lead.action == Action.DUPLICATE and self._journal.is_filed(self._run.id, lead.sha256, lead.destination)
        )
        if gone:
            return not_there(lead.destination)
        return self._appeared.why_not(group) if Action(lead.action).is_filed else None

    def _leave(self, group: Group, why: Text) -> None:
        lead = group.lead
        self._journal.set_states({lead.id, *(entry.id for entry in group.entries)}, EntryState.FAILED, why)
        self._record.put(lead, Deviation(lead.action, is_filed=False, error=why), lead.action)

    def _note(self, group: Group, existing: Path, *, is_moved_aside: bool) -> None:
        """Note a photo whose bytes are there; its sidecars are filed only beside the file that the plan had found.

        The outcome of one that is moved aside is that of the move.
        """
        lead = group.lead
        if existing != lead.destination or Action(lead.action).is_filed:
            self._journal.note_found(lead.id, Action.ALREADY_THERE, existing)
            self._journal.set_states([entry.id for entry in group.entries[1:]], EntryState.NOTED)
            if not is_moved_aside:
                moved = dataclasses.replace(lead, action=Action.ALREADY_THERE, destination=existing)
                self._record.put(moved, Deviation(Action.ALREADY_THERE, is_filed=True), lead.action)
        elif lead.state == EntryState.PLANNED:
            self._journal.set_state(lead.id, EntryState.NOTED)
