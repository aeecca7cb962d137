"""Labels given to photos before they were read: on disk at once, real labels once the photo is known."""

from __future__ import annotations

from collections.abc import Mapping

from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import PENDING_LABELS
from flowersorter.workflows.labelling import set_labels


class PendingLabels:
    """Class ids by place id, kept in the collection's settings: whose photo it is is not known yet."""

    def __init__(self, collection: CollectionStore) -> None:
        self._collection = collection
        stored = collection.settings.get(PENDING_LABELS)
        self._classes = {int(place_id): class_id for place_id, class_id in stored.items()}

    def put(self, classes: Mapping[int, int]) -> dict[int, int]:
        """Remember these, with class id 0 forget them; returns what was there before."""
        before = {at: self._classes[at] for at in classes if at in self._classes}
        for place_id, class_id in classes.items():
            if class_id:
                self._classes[place_id] = class_id
            else:
                self._classes.pop(place_id, None)
        self._save()
        return before

    def holds(self, place_id: int) -> bool:
        """Whether this place still waits."""
        return place_id in self._classes

    def items(self) -> dict[int, int]:
        """Class id by place id of all that wait."""
        return dict(self._classes)

    def replace_class(self, old: int, new: int) -> dict[int, int]:
        """Let what waits for a class wait for another one, or, where that is 0, for none; returns what was there."""
        return self.put({at: new for at, class_id in self._classes.items() if class_id == old})

    def settle(self, photo_ids: Mapping[int, int]) -> dict[int, int]:
        """Turn into labels what has been read meanwhile.

        Args:
            photo_ids: Photo id by place id, of places that were read.

        Returns:
            Class id by photo id of the labels made.
        """
        ready = {at: self._classes[at] for at in photo_ids if at in self._classes}
        if not ready:
            return {}
        there = {each.id for each in self._collection.classes.all()}
        made = {photo_ids[at]: class_id for at, class_id in ready.items() if class_id in there}
        set_labels.confirm(self._collection, made)
        for place_id in ready:
            del self._classes[place_id]
        self._save()
        return made

    def _save(self) -> None:
        self._collection.settings.set(PENDING_LABELS, {str(at): class_id for at, class_id in self._classes.items()})
