"""Imports in a thread what the window did not need to appear, so that the first job need not wait for it."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from PySide6.QtCore import QObject, QThread

#: What a correction and Retrain stand on.
WORKFLOWS = (
    "flowersorter.workflows.filing.refile",
    "flowersorter.workflows.training.train",
    "flowersorter.vision.classifier.fit",
)


class Preload(QThread):
    """Started once the window is visible; waited for before the program ends."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("preload")
        self._modules: tuple[str, ...] = ()

    def begin(self, modules: Sequence[str]) -> None:
        """Import these, in their order."""
        self._modules = tuple(modules)
        self.start()

    def run(self) -> None:
        """Import; a package that is missing is the first job's error to tell."""
        for name in self._modules:
            if self.isInterruptionRequested():
                return
            try:
                importlib.import_module(name)
            except ImportError:
                return

    def stop(self) -> None:
        """Import nothing more and wait for the import in hand."""
        self.requestInterruption()
        self.wait()
