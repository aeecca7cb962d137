"""Writes the day of the build into the wheel; hatchling runs it."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_EDITABLE = "editable"
#: `flowersorter/library/files/build_info.py` reads it.
_DATE_FILE = "flowersorter/resources/build-date.txt"


class BuildDate(BuildHookInterface):  # type: ignore[misc]  # hatchling is there only while a wheel is built
    """Adds the file to every wheel but an editable one. SOURCE_DATE_EPOCH sets the day."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the file and name it to the builder."""
        if version == _EDITABLE:
            return
        epoch = os.environ.get("SOURCE_DATE_EPOCH")
        now = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
        self._folder = tempfile.TemporaryDirectory()
        file = Path(self._folder.name) / "build-date.txt"
        file.write_text(f"{now.date().isoformat()}\n", encoding="ascii")
        build_data["force_include"][str(file)] = _DATE_FILE

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the file."""
        if version != _EDITABLE:
            self._folder.cleanup()
