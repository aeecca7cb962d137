"""The order photos are shown in: IMG_2 before IMG_10, folder by folder."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from natsort import natsort_keygen, ns

_part_key = natsort_keygen(alg=ns.IGNORECASE)
_name_key = natsort_keygen(alg=ns.PATH | ns.IGNORECASE)


def natural_key(path: Path) -> tuple[Any, ...]:
    """Return a sort key: the order of natsort's ``PATH | IGNORECASE``, the folder's part computed once.

    Names that differ only in case keep one order, too.
    """
    folder, name = os.path.split(path)
    return (*_folder_key(folder), *_name_key(name)), str(path)


@lru_cache(maxsize=1024)
def _folder_key(folder: str) -> tuple[Any, ...]:
    return tuple(_part_key(part) for part in Path(folder).parts)
