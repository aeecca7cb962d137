"""Every error a person can meet, as one tree; imports only the messages.

    FlowerSorterError
    ├── Cancelled                    the person asked a job to stop
    └── UserError(what, why, hint)   one sentence for the person
        ├── PhotoUnreadable          a file that cannot be shown as a picture
        │   └── PhotoOutOfReach      the system does not give us the file: another try may succeed
        ├── FolderUnusable           a folder that is missing, empty of photos or forbidden
        ├── SortRefused              a plan that could lose or scatter photos
        ├── UndoRefused              a run that cannot be taken back as a whole
        ├── TooFewPhotos             not enough labels to learn from or to measure with
        ├── ClassRefused             a class name that cannot be used
        ├── ModelFileBad             a model or weights file that is not what it should be
        ├── WeightsMissing           a backbone whose weights are not on this computer
        ├── DownloadFailed           weights that could not be fetched
        ├── DeviceUnavailable        a device that was asked for and is not there
        ├── CollectionLocked             the collection is open in another window
        └── CollectionDamaged            the library cannot be read

They are raised; nothing returns "ok" or None instead.
"""

from __future__ import annotations

from flowersorter.messages import worded


class FlowerSorterError(Exception):
    """Base of everything this program raises on purpose."""


class Cancelled(FlowerSorterError):
    """The person asked the job to stop; nothing is half-done."""

    def __init__(self) -> None:
        super().__init__("Cancelled.")


class UserError(FlowerSorterError):
    """Something the person should know: what happened, why, and what to do.

    Args:
        what: The event, without a full stop ("The folder cannot be read").
        why: The cause, lower case, without a full stop; may be empty.
        hint: What the person can do, a sentence of its own without a full stop; may be empty.

    Each part is a plain string or a `messages.Text`, which `str()` words in the language of the edge.
    """

    def __init__(self, what: str, why: str = "", hint: str = "") -> None:
        self.what, self.why, self.hint = what, why, hint
        super().__init__(what, why, hint)

    def __str__(self) -> str:
        what, why, hint = worded(self.what), worded(self.why), worded(self.hint)
        first = f"{what}: {why}." if why else f"{what}."
        return f"{first} {hint}." if hint else first


class PhotoUnreadable(UserError):
    """A file that cannot be shown as a picture; ``why`` is the reason shown on its tile."""


class PhotoOutOfReach(PhotoUnreadable):
    """A file whose bytes could not be had, which says nothing about them: another try may succeed."""


class FolderUnusable(UserError):
    """A folder that is missing, empty of photos or forbidden."""


class SortRefused(UserError):
    """A plan that could lose or scatter photos."""


class UndoRefused(UserError):
    """A run that cannot be taken back as a whole."""


class TooFewPhotos(UserError):
    """Not enough labels to learn from or to measure with."""


class ClassRefused(UserError):
    """A class name that cannot be used."""


class ModelFileBad(UserError):
    """A model or weights file that is not what it should be."""


class WeightsMissing(UserError):
    """A backbone whose weights are not on this computer."""


class DownloadFailed(UserError):
    """Weights that could not be fetched."""


class DeviceUnavailable(UserError):
    """A device that was asked for and is not there."""


class CollectionLocked(UserError):
    """The collection is open in another window or terminal."""


class CollectionDamaged(UserError):
    """The library cannot be read."""
