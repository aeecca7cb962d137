"""The exception tree; imports only ``messages``.

::

    FlowerSorterError
    ├── Cancelled                    the person stopped a job
    └── UserError(what, why, hint)   one sentence for the person
        ├── PhotoUnreadable          a file that cannot be decoded as a photo
        │   └── PhotoOutOfReach      the system does not provide the file: another try may succeed
        ├── FolderUnusable           a folder that is missing, empty of photos or forbidden
        ├── SortRefused              a plan that could lose or scatter photos
        ├── UndoRefused              a sort that cannot be undone
        ├── TooFewPhotos             not enough labels to train or evaluate
        ├── ClassRefused             a class name that cannot be used
        ├── ModelFileBad             a damaged or unsuitable model or weights file
        ├── WeightsMissing           a backbone whose weights are not on this computer
        ├── DownloadFailed           weights that could not be downloaded
        ├── DeviceUnavailable        a requested processing device that is not available
        ├── WorkersUnavailable       worker processes or machines that cannot be reached or used
        ├── CacheUnusable            a cache that the disk does not let read or write
        ├── LibraryFull              the disk of the collection has no space left
        ├── CollectionLocked         the collection is open in another window
        └── CollectionDamaged        the library cannot be read

Failures raise; no function returns "ok" or None instead.
"""

from __future__ import annotations

from flowersorter.messages import Text, joined_texts, stored, worded


class FlowerSorterError(Exception):
    """Base of every exception that this program defines for its callers."""


class Cancelled(FlowerSorterError):
    """The person stopped the job; nothing is half-done."""

    def __init__(self) -> None:
        super().__init__("Cancelled.")


class UserError(FlowerSorterError):
    """An error with a message for the person: what happened, why, and how to fix it.

    Args:
        what: The event, without a full stop ("The folder cannot be read").
        why: The cause, lower case, without a full stop; may be empty.
        hint: The remedy, a sentence of its own without a full stop; may be empty.

    Each part is a plain string or a ``messages.Text``, which ``str()`` words in the language of the edge.
    """

    def __init__(self, what: str, why: str = "", hint: str = "") -> None:
        self.what, self.why, self.hint = what, why, hint
        super().__init__(what, why, hint)

    @property
    def sentence(self) -> Text:
        """All parts, still translatable."""
        parts = [stored(part) for part in (self.what, self.why) if part]
        first = joined_texts("", joined_texts(": ", *parts), ".")
        return joined_texts("", first, " ", stored(self.hint), ".") if self.hint else first

    def __str__(self) -> str:
        return worded(self.sentence)


class PhotoUnreadable(UserError):
    """A file that cannot be decoded as a photo; ``why`` is the reason shown on its tile."""


class PhotoOutOfReach(PhotoUnreadable):
    """A file whose bytes could not be read, such as on a drive that is away: another try may succeed."""


class FolderUnusable(UserError):
    """A folder that is missing, empty of photos or forbidden."""


class SortRefused(UserError):
    """A plan that could lose or scatter photos."""


class UndoRefused(UserError):
    """A sort that cannot be undone."""


class TooFewPhotos(UserError):
    """Not enough labels to train or evaluate."""


class ClassRefused(UserError):
    """A class name that cannot be used."""


class ModelFileBad(UserError):
    """A damaged or unsuitable model or weights file."""


class WeightsMissing(UserError):
    """A backbone whose weights are not on this computer."""


class DownloadFailed(UserError):
    """Weights that could not be downloaded."""


class DeviceUnavailable(UserError):
    """A requested processing device that is not available."""


class WorkersUnavailable(UserError):
    """Worker processes or machines that cannot be reached or used; photos read until then are stored."""


class CacheUnusable(UserError):
    """A cache on disk, such as that of the embeddings, that cannot be read or written."""


class LibraryFull(UserError):
    """The disk of the collection's folder has no space left for its library."""


class CollectionLocked(UserError):
    """The collection is open in another window or terminal."""


class CollectionDamaged(UserError):
    """The library cannot be read."""
