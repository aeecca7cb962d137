"""Looks for what the person said about photos of a run since it was planned: another plan would not file them as it."""

from __future__ import annotations

from collections.abc import Iterable

from flowersorter.domain.journal import Entry
from flowersorter.domain.photo_answers import NO_ANSWERS, Mark
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.answers import answers_by_hash
from flowersorter.library.tables.labels import labelled_as
from flowersorter.messages import Text, text

#: As a plan says of a photo that it leaves for this answer.
NOT_MINE = text("you said that it shows none of your classes")
_DONT_KNOW = text("you said that you don't know its class; sort the folder again")


class AnswersSince:
    """Says which planned photos are not filed as planned any more, block by block.

    Args:
        collection: Has the labels, the other answers and the classes.
    """

    def __init__(self, collection: CollectionStore) -> None:
        self._collection = collection
        self._labels: dict[bytes, str] = {}
        self._answers = answers_by_hash(collection.database, ())
        #: Id and name that a planned class has now; 0 where it is none, as of photos that are put aside, and no name
        #: where it was deleted.
        self._classes: dict[str, tuple[int, str | None]] = {}

    def read(self, hashes: Iterable[bytes]) -> None:
        """Read what is said about some photos by now, by their SHA-256; the photos before are forgotten."""
        hashes = list(hashes)
        self._labels = labelled_as(self._collection.database, hashes)
        self._answers = answers_by_hash(self._collection.database, hashes)

    def why_not(self, lead: Entry) -> Text | None:
        """Say why a photo that was read is not filed under the class of its plan; None if it is.

        Args:
            lead: Its entry.
        """
        assert lead.sha256 is not None  # of a photo it is always known
        label, said = self._labels.get(lead.sha256), self._answers.get(lead.sha256, NO_ANSWERS)
        class_id, present = self._present(lead.class_name)
        name = lead.class_name
        rejected = text("you said that it does not show “{name}”; sort the folder again", name=name)
        reasons = (
            (label not in {None, name}, text("its label is “{name}” now; sort the folder again", name=label)),
            (present is None, text("the class “{name}” does not exist any more; sort the folder again", name=name)),
            (present != name, text("its class is called “{name}” now; sort the folder again", name=present)),
            (said.mark is Mark.NOT_MINE, NOT_MINE),
            (class_id in said.rejected, rejected),
            (class_id and said.mark is Mark.DONT_KNOW, _DONT_KNOW),
            (lead.by_label and label is None, text("its label “{name}” was removed; sort the folder again", name=name)),
        )
        return next((why for applies, why in reasons if applies), None)

    def _present(self, name: str) -> tuple[int, str | None]:
        """The id and the name that a class has now."""
        if name not in self._classes:
            classes = self._collection.classes
            found = classes.find(name)
            known = name if classes.without_deleted([name]) else None
            self._classes[name] = (0, known) if found is None else (found.id, found.name)
        return self._classes[name]
