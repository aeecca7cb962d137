"""A sidecar of a plan that gets keywords."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flowersorter.photos.xmp.keywords import Entries


@dataclass(frozen=True, slots=True)
class PlannedKeywords:
    """A sidecar that gets keywords.

    Attributes:
        source: The sidecar that they are written into; None for a new one. It keeps its bytes.
        destination: The sidecar with them; that of `source` where a photo stays where it is.
        wanted: The keywords of the photo's class.
        size_bytes: Of the result.
    """

    source: Path | None
    destination: Path
    wanted: Entries
    size_bytes: int

    @property
    def is_in_place(self) -> bool:
        """Whether the sidecar stays under its name."""
        return self.source == self.destination
