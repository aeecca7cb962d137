"""Imports modules in a thread once the window is shown, so that the first job does not wait for them."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QObject, QThread

log = logging.getLogger(__name__)

#: The modules that labelling and Retrain need.
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
        self._calls: tuple[Callable[[], object], ...] = ()

    def begin(self, modules: Sequence[str], *calls: Callable[[], object]) -> None:
        """Import these modules, then make these calls, in their order."""
        self._calls = (*(partial(importlib.import_module, name) for name in modules), *calls)
        self.start()

    def run(self) -> None:
        """Import the modules; the first job reports a missing or broken package."""
        try:
            for call in self._calls:
                if self.isInterruptionRequested():
                    return
                call()
        except Exception:
            log.info("Not imported beforehand", exc_info=True)

    def stop(self) -> None:
        """Stop after the running import, and wait for it."""
        self.requestInterruption()
        self.wait()
