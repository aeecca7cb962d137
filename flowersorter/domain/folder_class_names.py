"""Tells sub-folders that are named after classes from those that cameras, phones and calendars make."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

#: Sub-folders with fewer photos are too small to learn from.
_LEAST_PHOTOS = 3
_LEAST_FOLDERS, _MOST_FOLDERS = 2, 100
#: Names for the date, the device or the purpose of photos, not for their content.
_NO_CLASS = re.compile(
    r"""
    [\W\d_]*                                        # dates, numbers
    | \d+ [\W_]? [a-z_]{0,8}                        # 100APPLE, 101_PANA, 2024 spring
    | (19|20) \d\d .*                               # 2026-05 Garden
    | (new|untitled|neuer?|unbenannt) \W .* | copy .* | .* - \W* copy
    | dcim | camera (\W roll)? | photos? | pictures? | images? | img [\W_]* \d* | screenshots? | downloads?
    | videos? | raw | jpe?g | heic | whatsapp .* | telegram .* | misc | other | todo | unsorted | sorted
    | backup .* | edit(s|ed)?
    | export.* | originals? | favou?rites | album .* | archive | temp | tmp | test | train | val(id(ation)?)?
    | not\ sure | duplicates                        # made by an earlier sort
    | fotos? | bilder | kamera | sonstiges | \..*
    """,
    re.VERBOSE | re.IGNORECASE,
)


def names_a_class(folder_name: str) -> bool:
    """Whether the name of a folder may be that of a class."""
    return not _NO_CLASS.fullmatch(folder_name.strip())


def folders_like_classes(root: Path, photos_by_folder: Mapping[Path, int]) -> tuple[str, ...]:
    """The sub-folders of a folder that may each hold the photos of one class.

    Args:
        root: The folder.
        photos_by_folder: How many photos there are in each folder, not counting those below it.

    Returns:
        Their names, in the order of the folders; none where fewer than two have enough photos, or where half of the
        photos or more are elsewhere.
    """
    counts: Counter[str] = Counter()
    for folder, count in photos_by_folder.items():
        if folder != root and folder.is_relative_to(root):
            counts[folder.relative_to(root).parts[0]] += count
    names = tuple(name for name, count in counts.items() if count >= _LEAST_PHOTOS and names_a_class(name))
    enough = 2 * sum(counts[name] for name in names) > sum(photos_by_folder.values())
    return names if enough and _LEAST_FOLDERS <= len(names) <= _MOST_FOLDERS else ()
