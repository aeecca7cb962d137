"""The starter's classes, for tests of collections without them."""

from __future__ import annotations

from flowersorter.library.collection import CollectionStore
from flowersorter.workflows.models.current_model import starter


def delete_starter_classes(collection: CollectionStore) -> None:
    """Delete the five flowers of the starter, as a person does who has none."""
    for name in starter().model.class_names:
        flower = collection.classes.find(name) or collection.classes.add(name)
        collection.classes.delete(flower.id)
