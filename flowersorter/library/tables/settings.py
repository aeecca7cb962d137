"""The settings of a collection: every one with its stored name, type and default, and the table that holds them."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flowersorter.domain.verdict import DEFAULT_SURE_PRECISION
from flowersorter.library.database.connection import Database

T = TypeVar("T")


@dataclass(frozen=True, eq=False)  # without slots: Python 3.11 cannot make `Setting[T](...)` with them
class Setting(Generic[T]):
    """One setting.

    Attributes:
        key: Its name in the library; never changed, or stored values are lost.
        default: Its value where none is stored; also says its type, one that JSON has.
    """

    key: str
    default: T

    def value_of(self, text: str | None) -> T:
        """The value that stored JSON text holds; the default where there is none, or where it has another type."""
        try:
            value: Any = None if text is None else json.loads(text)
        except ValueError:
            value = None
        if isinstance(self.default, float) and type(value) is int:
            value = float(value)
        # An exact match: JSON's true must not pass for the number 1.
        return value if type(value) is type(self.default) else copy.copy(self.default)


#: Name of the backbone; "" for the one that ships with the program.
BACKBONE = Setting("backbone", "")
#: The processing device: "auto", "cpu" or "cuda".
DEVICE = Setting("device", "auto")
#: Target precision of the verdict *sure*, from 0 to 1.
SURE_PRECISION = Setting("sure_promise", DEFAULT_SURE_PRECISION)
#: Whether sorted copies follow a changed label: "yes", "no", or "" as long as the person has not been asked.
MOVE_SORTED_COPIES = Setting("move sorted copies", "")
#: Measured speed of fine-tuning by number of unfrozen stages: seconds a photo and epoch.
FINETUNING_PACE = Setting[dict[str, float]]("deep training pace", {})
#: Whether the window leaves the suggestions as they are until Retrain.
LEARNING_PAUSED = Setting("learning paused", False)
#: Whether the window scans the open folder by itself when photos arrive in it.
KEEP_WATCHING = Setting("keep watching", False)
#: Numbers of the models that were made by learning after actions, without Retrain.
AUTOMATIC_MODELS = Setting[list[int]]("automatic models", [])
#: Where the sidecars that sorts wrote keywords into are kept for undo, as the journal names it; "" before the first.
KEPT_SIDECARS = Setting("kept sidecars", "")
#: Whether Sort writes keywords into sidecars unless the person chooses otherwise.
WRITE_KEYWORDS = Setting("write keywords", False)
#: The steps that took labels from a file or from keywords, the newest first, for undo; `take_labels` packs them.
TAKEN_LABELS = Setting[list[Any]]("taken labels", [])
#: The highest number given to a fine-tuned backbone; none is given twice.
FINETUNED_COUNT = Setting("networks trained", 0)
#: Names of deleted classes, as `class_key` gives them: models still know these, and must not bring them back.
DELETED_CLASSES = Setting[list[str]]("deleted classes", [])
#: Limit of the thumbnail cache in MB (10^6 bytes); 0 for none.
CACHE_LIMIT_MB = Setting("cache_limit_mb", 4000)
#: When the thumbnail cache was last measured ("at", seconds since 1970) and its size ("bytes").
CACHE_MEASURED = Setting[dict[str, int]]("cache measured", {})

#: The folders and photos that were last open, the first of their folders, and the folders before it, newest first.
LAST_ROOTS = Setting[list[str]]("roots", [])
LAST_FOLDER = Setting("folder", "")
RECENT_FOLDERS = Setting[list[str]]("recent folders", [])
#: The options of the scan by opened folder, as `ScanOptions.stored` gives them.
SCAN_OPTIONS = Setting[dict[str, Any]]("scan options", {})
#: Where models were last exported to or imported from.
EXPORT_FOLDER = Setting("export folder", "")
#: The limit of the last verification in the window, in MB a second (10^6 bytes); 0 for none.
VERIFY_RATE_MB = Setting("verify rate", 0)
#: The last choices in the Sort dialog: "destination", "mode", "include", "aside".
SORT_CHOICES = Setting[dict[str, str]]("sort choices", {})
#: The sub-folders of the last sort into each destination, as `sorting.folder_pattern` reads them; none where a photo
#: lies in the class folder itself.
SORT_PATTERNS = Setting[dict[str, str]]("sort patterns", {})

#: The window: Qt's geometry in Base64, widths of its three parts in pixels, whether the inspector is open, the side of
#: a photo in the grid in pixels, the order and the sections of the photos, whether bursts and near-copies are stacked.
WINDOW_GEOMETRY = Setting("window", "")
PANEL_WIDTHS = Setting[list[int]]("sides", [])
INSPECTOR_SHOWN = Setting("inspector", True)
TILE_SIZE_PX = Setting("tile size", 168)
PHOTO_ORDER = Setting("order", "name")
GROUPING = Setting("grouping", "likeness")
STACK_SHOTS = Setting("stack look-alike shots", True)


class Settings:
    """The settings of one collection, stored as JSON in the library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, setting: Setting[T]) -> T:
        """The stored value; the default where there is none, or where it has another type."""
        return setting.value_of(self._text(setting.key))

    def texts(self) -> dict[str, str]:
        """Every stored value as JSON text, by key; `Setting.value_of` reads one."""
        return {str(key): str(value) for key, value in self._database.tuples("SELECT key, value FROM settings")}

    def set(self, setting: Setting[T], value: T) -> None:
        """Store a value; it is on disk when this returns.

        An equal value is not written again: a library that was only read needs no new backup.

        Raises:
            TypeError: JSON has no such value.
        """
        text = json.dumps(value)
        if self._text(setting.key) == text:
            return
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)", (setting.key, text))

    def _text(self, key: str) -> str | None:
        rows = self._database.query("SELECT value FROM settings WHERE key = ?", (key,))
        return str(rows[0]["value"]) if rows else None
