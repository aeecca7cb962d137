"""Says why photos of a stopped sort no longer fit its plan: labels, answers, classes or suggestions have changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from flowersorter.domain.journal import Entry
from flowersorter.domain.photo_answers import NO_ANSWERS, NOTHING_LEFT_OUT, LeftOutOf, Mark
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.answers import answers_by_hash
from flowersorter.library.tables.labels import labelled_as
from flowersorter.messages import Text, text

#: As a plan says of a photo that it leaves for this answer.
NOT_MINE = text("you said that it shows none of your classes")
_DONT_KNOW = text("you said that you don't know its class; sort the folder again")

#: The same of a photo that was left out when others were confirmed as its class.
LEFT_OUT = text("you left it out when you confirmed the others")


class Suggested(NamedTuple):
    """The present suggestion of a photo.

    Attributes:
        class_name: "" where it looks like none of the classes; None where that is not known.
        why_not: Why the photo is not sorted, whichever class it is.
    """

    class_name: str | None
    why_not: Text | None = None


#: Gives the present suggestion of each photo, by its SHA-256. Photos without one are left out.
Suggestions: TypeAlias = Callable[[Sequence[bytes]], Mapping[bytes, Suggested]]


def no_suggestions(hashes: Sequence[bytes]) -> Mapping[bytes, Suggested]:
    """Suggest nothing: there is no model."""
    return {}


class AnswersSince:
    """Says which planned photos are not filed as planned any more, block by block.

    Args:
        collection: Has the labels, the other answers and the classes.
        suggestions: Asked for photos that had no label when they were planned, and have none now.
        left_out: Class id by photo id, of photos that the person left out when others were confirmed as that class.
    """

    def __init__(
        self,
        collection: CollectionStore,
        suggestions: Suggestions = no_suggestions,
        left_out: LeftOutOf = NOTHING_LEFT_OUT,
    ) -> None:
        self._collection, self._suggestions = collection, suggestions
        photo_ids, hashes = collection.photos.hashes(left_out)
        self._left_out = {
            sha256: left_out[photo_id] for photo_id, sha256 in zip(photo_ids.tolist(), hashes, strict=True)
        }
        self._labels: dict[bytes, str] = {}
        self._answers = answers_by_hash(collection.database, ())
        self._suggested: Mapping[bytes, Suggested] = {}
        #: Id and name that a planned class has now; 0 where it is none, as of photos that are put aside, and no name
        #: where it was deleted.
        self._classes: dict[str, tuple[int, str | None]] = {}

    def read(self, leads: Sequence[Entry]) -> None:
        """Read what is said about some photos by now, given their entries; the photos before are forgotten."""
        hashes = [lead.sha256 for lead in leads if lead.sha256 is not None]
        self._labels = labelled_as(self._collection.database, hashes)
        self._answers = answers_by_hash(self._collection.database, hashes)
        asked = {lead.sha256: None for lead in leads if lead.sha256 is not None and self._is_by_suggestion(lead)}
        self._suggested = self._suggestions(list(asked)) if asked else {}
        self._classes.clear()  # suggestions take time: classes may have changed meanwhile

    def why_not(self, lead: Entry) -> Text | None:
        """Say why a photo that was read is not filed under the class of its plan; None if it is.

        Args:
            lead: Its entry.
        """
        return next((word() for applies, word in self._reasons(lead) if applies), None)

    def _reasons(self, lead: Entry) -> Iterator[tuple[bool, Callable[[], Text | None]]]:
        """Yield the reasons to leave a photo, each with whether it applies: only the first that does is worded."""
        assert lead.sha256 is not None  # of a photo it is always known
        label, said = self._labels.get(lead.sha256), self._answers.get(lead.sha256, NO_ANSWERS)
        name = lead.class_name
        class_id, present = self._present(name)
        suggested = self._suggested.get(lead.sha256, Suggested(None))
        yield label not in {None, name}, lambda: text("its label is “{name}” now; sort the folder again", name=label)
        yield (
            present is None,
            lambda: text("the class “{name}” does not exist any more; sort the folder again", name=name),
        )
        yield present != name, lambda: text("its class is called “{name}” now; sort the folder again", name=present)
        yield said.mark is Mark.NOT_MINE, lambda: NOT_MINE
        yield (
            class_id in said.rejected,
            lambda: text("you said that it does not show “{name}”; sort the folder again", name=name),
        )
        yield class_id > 0 and said.mark is Mark.DONT_KNOW, lambda: _DONT_KNOW
        yield (
            lead.by_label and label is None,
            lambda: text("its label “{name}” was removed; sort the folder again", name=name),
        )
        yield label is None and 0 < class_id == self._left_out.get(lead.sha256, 0), lambda: LEFT_OUT
        yield (
            suggested.class_name not in {None, "", name},
            lambda: text("its suggestion is “{name}” now; sort the folder again", name=suggested.class_name),
        )
        yield suggested.class_name == "", lambda: text("it looks like none of the classes now; sort the folder again")
        yield suggested.why_not is not None, lambda: suggested.why_not

    def _is_by_suggestion(self, lead: Entry) -> bool:
        """Whether a photo has the class of its plan from its suggestion, as it has no label and was not put aside."""
        return not lead.by_label and lead.sha256 not in self._labels and self._present(lead.class_name)[0] > 0

    def _present(self, name: str) -> tuple[int, str | None]:
        """The id and the name that a class has now."""
        if name not in self._classes:
            classes = self._collection.classes
            found = classes.find(name)
            known = name if classes.without_deleted([name]) else None
            self._classes[name] = (0, known) if found is None else (found.id, found.name)
        return self._classes[name]
