"""Counts what the table of safety asks for: tried, lost, partial files visible, originals modified."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.unit.sorting.file_trees import Seen, snapshot

#: A file of ours on its way; it has no photo's name and no program shows it.
_ON_ITS_WAY = re.compile(r"\.flowersorter-[0-9a-f]+\.part")


@dataclass
class Tally:
    """What one line of the table counts.

    Attributes:
        tried: Kills, states, errors, sequences...: what the line is about.
        lost: Originals whose bytes are neither in the source nor in the destination.
        partial: Files under a photo's name that do not have the bytes of any whole file.
        modified: Files that were there before and have other bytes, times or permissions now, or are gone
            though they were only to be copied.
        wrong: Whatever else is not as it should be, counted by what it is.
        notes: What else was measured.
        skipped: Why the line could not be measured here, or "".
    """

    tried: int = 0
    lost: int = 0
    partial: int = 0
    modified: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    skipped: str = ""
    slowest_s: float = 0.0

    @property
    def good(self) -> bool:
        """Whether there is nothing to complain about."""
        return not (self.lost or self.partial or self.modified or self.wrong)

    def expect(self, holds: bool, what: str) -> None:
        """Count it as wrong unless it holds."""
        if not holds:
            self.wrong[what] += 1

    def took(self, seconds: float) -> None:
        """Remember the slowest."""
        self.slowest_s = max(self.slowest_s, seconds)

    def add(self, other: Tally) -> None:
        """Take over what another one counted."""
        self.tried += other.tried
        self.lost += other.lost
        self.partial += other.partial
        self.modified += other.modified
        self.wrong += other.wrong
        self.notes += other.notes
        self.skipped = self.skipped or other.skipped
        self.took(other.slowest_s)


class Watch:
    """Knows what some folders held at the start, and counts what became of it."""

    def __init__(self, *roots: Path) -> None:
        self.roots = roots
        self.before = snapshot(*roots)
        self.whole = {seen.content for seen in self.before.values() if seen.kind == "file"}

    def count(self, tally: Tally, *, recovered: bool = True, keeps: bool = False) -> dict[Path, Seen]:
        """Look at the folders now.

        Args:
            tally: Gets the counts.
            recovered: Whether recovery had its turn: only then must everything be there and nothing be left over.
            keeps: Whether all that was there must still be where it was.
        """
        now = snapshot(*self.roots)
        files = {path: seen for path, seen in now.items() if seen.kind == "file"}
        left = [path for path in files if _ON_ITS_WAY.fullmatch(path.name)]
        tally.partial += sum(seen.content not in self.whole for path, seen in files.items() if path not in left)
        tally.modified += sum(self.before.get(path, seen) != seen for path, seen in now.items())
        if recovered:
            tally.lost += len(self.whole - {seen.content for seen in files.values()})
            tally.expect(not left, "a temporary file was left")
        if keeps:
            tally.modified += len(self.before.keys() - now.keys())
        return now

    def compare(self, tally: Tally, what: str = "not as before after undoing everything") -> None:
        """Everything must be as at the start: the same paths, bytes, times and permissions."""
        now = self.count(tally)
        if now != self.before:
            tally.wrong[what] += 1

    def together(self, tally: Tally, now: Iterable[Path], *parts: Path) -> None:
        """A photo and its sidecars are at one place or at the other."""
        there = set(now) & set(parts)
        tally.expect(len(there) in {0, len(parts)}, "a photo was parted from its sidecar")


def shown(path: Path) -> str:
    """A path that any terminal can print."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
