"""The starter's classes, for tests of collections without them."""

from __future__ import annotations

from flowersorter.workflows.labelling.class_changes import start_without_classes as delete_starter_classes

__all__ = ["delete_starter_classes"]
