"""Changes the list of classes, and returns the data that undo needs; each change is stored when its call returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from flowersorter.domain.photo_class import PhotoClass
from flowersorter.errors import ClassRefused
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.class_undo import RemovedClass, RenamedClass
from flowersorter.library.tables.filed_photos import filed_under
from flowersorter.messages import joined_texts, plural, stored, text
from flowersorter.workflows.labelling.pending_labels import LabelNews, PendingLabels


def add_class(collection: CollectionStore, name: str) -> PhotoClass:
    """Make a class, last in the list.

    Raises:
        ClassRefused: the name cannot be used or is taken.
    """
    return collection.classes.add(name)


@dataclass(frozen=True, slots=True)
class RemovedClasses:
    """Classes that were deleted as one step.

    Attributes:
        removed: Each with what depended on it, in the order in which they were deleted.
    """

    removed: Sequence[RemovedClass] = ()

    @property
    def class_ids(self) -> list[int]:
        """Their ids."""
        return [each.photo_class.id for each in self.removed]


@dataclass(frozen=True, slots=True)
class RestoredClasses:
    """Classes that were brought back.

    Attributes:
        class_ids: Of these classes.
        refusals: Why the others were not.
        news: The labels that their photos have now.
    """

    class_ids: Sequence[int]
    refusals: Sequence[ClassRefused] = ()
    news: LabelNews = field(default_factory=LabelNews)

    @property
    def error(self) -> ClassRefused | None:
        """The refusals as one; None where there are none."""
        if not self.refusals:
            return None
        what = plural(
            "{number} class could not be brought back", "{number} classes could not be brought back", len(self.refusals)
        )
        return ClassRefused(what, joined_texts("; ", *(stored(each.why or each.what) for each in self.refusals)))


def add_classes(collection: CollectionStore, names: Sequence[str]) -> list[PhotoClass]:
    """Make several classes as one step, last in the list; names that cannot be used or are taken are left out.

    Raises:
        ClassRefused: none of them can be used; the error is about the last one.
    """
    made, refusal = list[PhotoClass](), None
    with collection.database.transaction():
        for name in names:
            try:
                made.append(collection.classes.add(name))
            except ClassRefused as error:
                refusal = error
    if refusal is not None and not made:
        raise refusal
    return made


def find_or_add_class(collection: CollectionStore, name: str) -> tuple[PhotoClass, bool]:
    """Find the class of a name, or make it, last in the list.

    Returns:
        The class, and whether it was made.

    Raises:
        ClassRefused: there is none, and the name cannot be used.
    """
    known = collection.classes.find(name)
    return (known, False) if known is not None else (collection.classes.add(name), True)


def start_without_classes(collection: CollectionStore) -> None:
    """Delete the classes of the starter model from a new collection, so that it suggests none of them."""
    from flowersorter.workflows.models.current_model import starter

    for name in starter().model.class_names:
        unwanted = collection.classes.find(name) or collection.classes.add(name)
        collection.classes.delete(unwanted.id)


def put_back_class(collection: CollectionStore, made: PhotoClass) -> None:
    """Restore a class that `take_out_class` removed.

    Raises:
        ClassRefused: its name is taken by now.
    """
    collection.classes.put_back(made)


def take_out_class(collection: CollectionStore, made: PhotoClass) -> tuple[PhotoClass, bool]:
    """Remove a class that was just made, unless it has labels.

    Returns:
        The class in its last state, as it may have been renamed or moved; and whether it was removed.
    """
    now = next((each for each in collection.classes.all() if each.id == made.id), made)
    return now, collection.classes.take_out(made.id)


def reorder_classes(collection: CollectionStore, ids: Sequence[int]) -> None:
    """Order the classes by these ids."""
    collection.classes.reorder(ids)


def check_class_name(collection: CollectionStore, class_id: int, name: str) -> str:
    """Return the name as `rename_class` would store it.

    Raises:
        ClassRefused: it cannot be used or is taken, or the class is gone.
    """
    return collection.classes.check_name(class_id, name)


def rename_class(collection: CollectionStore, class_id: int, name: str) -> RenamedClass:
    """Give a class another name.

    Raises:
        ClassRefused: the name cannot be used or is taken, or the class is gone.
    """
    return collection.classes.rename(class_id, name)


def rename_class_back(collection: CollectionStore, renamed: RenamedClass) -> None:
    """Give a class its former name again.

    Raises:
        ClassRefused: the name is taken by now, or the class is gone.
    """
    collection.classes.rename_back(renamed)


def remove_class(collection: CollectionStore, pending: PendingLabels, class_id: int, into: int) -> RemovedClass:
    """Merge a class into another one, or, where that is 0, delete it with its labels.

    Raises:
        ClassRefused: it is gone already.
    """
    removed = collection.classes.merge(class_id, into) if into else collection.classes.delete(class_id)
    if removed is None:
        raise ClassRefused(text("The class is no longer there"))
    pending.reload()
    return removed


def restore_class(collection: CollectionStore, pending: PendingLabels, removed: RemovedClass) -> LabelNews:
    """Bring back a class that was removed, with its labels; returns the labels its photos have now.

    Raises:
        ClassRefused: its name is taken by now.
    """
    collection.classes.restore(removed)
    pending.reload()
    places = collection.photos.places(removed.place_ids)
    read = {place.id: place.photo_id for place in places if place.photo_id is not None}
    pending.settle(read)
    return LabelNews(dict(collection.labels.get([*removed.photo_ids, *read.values()])))


def remove_classes(collection: CollectionStore, pending: PendingLabels, class_ids: Sequence[int]) -> RemovedClasses:
    """Delete classes with their labels, as one step; those that are gone already are left out."""
    with collection.database.transaction():
        removed = [collection.classes.delete(class_id) for class_id in class_ids]
    pending.reload()
    return RemovedClasses([each for each in removed if each is not None])


def restore_classes(collection: CollectionStore, pending: PendingLabels, removed: RemovedClasses) -> RestoredClasses:
    """Bring back classes that were deleted together, with their labels; a name that is taken by now is left out."""
    restored, refusals, news = list[int](), list[ClassRefused](), LabelNews()
    with collection.database.transaction():
        for each in reversed(removed.removed):  # each has the position that it had among those before it
            try:
                found = restore_class(collection, pending, each)
            except ClassRefused as refusal:
                refusals.append(refusal)
            else:
                restored.append(each.photo_class.id)
                news = replace(news, labels={**news.labels, **found.labels})
    return RestoredClasses(restored, refusals, news)


def count_filed(collection: CollectionStore, *class_names: str) -> int:
    """How many photos are filed under these classes."""
    return sum(len(filed_under(collection.database, name)) for name in class_names)
