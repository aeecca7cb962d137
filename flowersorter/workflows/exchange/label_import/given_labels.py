"""Labels as another program gives them: the name of a photo, and of its class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

from flowersorter.domain.export_format import LabelFormat
from flowersorter.domain.photo_answers import Mark
from flowersorter.errors import UserError
from flowersorter.messages import Text, plural, text

#: A larger file is no list of labels, and would not fit into memory once it is parsed.
MOST_BYTES = 256 << 20


class Omission(Enum):
    """Why a part of a list of labels labels nothing."""

    SUGGESTION = "suggestion"
    WITHOUT_PICTURE = "without picture"
    WITHOUT_CLASS = "without class"
    INCOMPLETE = "incomplete"
    SKIPPED = "skipped"
    UNSAFE = "unsafe path"
    LINK = "link"
    TOO_LARGE = "too large"
    DAMAGED = "damaged"

    def sentence(self, number: int) -> Text:
        """Say how many parts are left out, and why."""
        return _SENTENCES[self](number)


_SENTENCES: Mapping[Omission, Callable[[int], Text]] = {
    Omission.SUGGESTION: lambda number: plural(
        "{number} label is left out: it is the suggestion of a program.",
        "{number} labels are left out: they are suggestions of a program.",
        number,
    ),
    Omission.WITHOUT_PICTURE: lambda number: plural(
        "{number} label is left out: its picture is not in the list.",
        "{number} labels are left out: their pictures are not in the list.",
        number,
    ),
    Omission.WITHOUT_CLASS: lambda number: plural(
        "{number} label is left out: its class has no name in the list.",
        "{number} labels are left out: their classes have no names in the list.",
        number,
    ),
    Omission.INCOMPLETE: lambda number: plural(
        "{number} line is left out: it has too few cells, or no name of a photo.",
        "{number} lines are left out: they have too few cells, or no name of a photo.",
        number,
    ),
    Omission.SKIPPED: lambda number: plural(
        "{number} answer is left out: it was skipped or cancelled.",
        "{number} answers are left out: they were skipped or cancelled.",
        number,
    ),
    Omission.UNSAFE: lambda number: plural(
        "{number} picture is left out: its path leads out of the archive.",
        "{number} pictures are left out: their paths lead out of the archive.",
        number,
    ),
    Omission.LINK: lambda number: plural(
        "{number} picture is left out: it is a link, not a file.",
        "{number} pictures are left out: they are links, not files.",
        number,
    ),
    Omission.TOO_LARGE: lambda number: plural(
        "{number} picture is left out: it is larger than a photo can be.",
        "{number} pictures are left out: they are larger than a photo can be.",
        number,
    ),
    Omission.DAMAGED: lambda number: plural(
        "{number} picture is left out: it is damaged, or packed in a way that is not known.",
        "{number} pictures are left out: they are damaged, or packed in a way that is not known.",
        number,
    ),
}


@dataclass(frozen=True, slots=True)
class GivenLabel:
    """A label as it is written; nothing of it is checked yet.

    Attributes:
        photo: Path of the photo, relative or absolute, as Windows or others write it; or its name alone.
        class_name: Its class.
        sha256: Digest of the photo's bytes, where the format holds them; b"" elsewhere.
        relative: The path from the folder that was exported, where the table has it beside an absolute one; else "".
        only_bytes: Whether the bytes alone say which photo it is: its name is one in an archive.
        mark: A person's answer in place of a class, whose name is "" then.
    """

    photo: str
    class_name: str
    sha256: bytes = b""
    relative: str = ""
    only_bytes: bool = False
    mark: Mark = Mark.NONE


@dataclass(frozen=True, slots=True)
class GivenLabels:
    """The labels of a file or folder.

    Attributes:
        format: How they are written.
        folder: The folder that relative paths begin at.
        labels: The labels, in their order.
        without_class: Number of photos that are named without a class.
        left_out: Number of parts that label nothing, by reason.
    """

    format: LabelFormat
    folder: Path
    labels: tuple[GivenLabel, ...]
    without_class: int = 0
    left_out: Mapping[Omission, int] = field(default_factory=dict)

    def without_damaged(self, names: Collection[str]) -> GivenLabels:
        """Leave out the labels of pictures of an archive that cannot be opened."""
        if not names:
            return self
        damaged = set(names)
        labels = tuple(label for label in self.labels if label.photo not in damaged)
        left_out = Counter(self.left_out) + Counter({Omission.DAMAGED: len(damaged)})
        return replace(self, labels=labels, left_out=left_out)


#: The answers in place of a class as exports and people write them, compared by letters alone.
_MARKS = {"notmine": Mark.NOT_MINE, "dontknow": Mark.DONT_KNOW}


def mark_of(written: object) -> Mark:
    """Return the answer that a text means, such as "not_mine"; `Mark.NONE` for any other value."""
    letters = "".join(filter(str.isalpha, written.casefold())) if isinstance(written, str) else ""
    return _MARKS.get(letters, Mark.NONE)


def refused(source: Path, why: Text | str, hint: Text | str = "") -> UserError:
    """Make the error for a file whose labels cannot be read."""
    return UserError(text("No labels can be read from {file}", file=source.name or source), why, hint)
