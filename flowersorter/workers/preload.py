"""Imports the heavy packages in a thread of their own, so that the first job need not wait for them."""

from __future__ import annotations

import importlib

from PySide6.QtCore import QObject, QThread

HEAVY = ("torch", "torchvision")


class Preload(QThread):
    """Started once the window is visible; waited for before the program ends."""

    def __init__(self, modules: tuple[str, ...] = HEAVY, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("preload")
        self._modules = modules

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
