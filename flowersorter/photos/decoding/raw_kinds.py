"""Recognises the RAW files of cameras by their content, and whether the end of one is missing.

Most are TIFFs whose folders (IFDs) say that they hold the pixels of a sensor; the others have a signature of their own.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

from flowersorter.photos.decoding.heif_items import last_box_end

#: The name of the format, which Pillow does not know; `raw_file` opens it.
RAW = "RAW"

#: Fujifilm RAF, Sigma X3F, Olympus ORF (three spellings), Panasonic RW2 and Leica RWL, Minolta MRW.
_SIGNATURES = (b"FUJIFILMCCD-RAW", b"FOVb", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"\0MRM")
_TIFFS = {b"II*\0": "<", b"MM\0*": ">"}
#: Those of the signatures that are TIFFs in all but their third and fourth byte.
_ALMOST_TIFFS = {b"IIRO": "<", b"IIRS": "<", b"MMOR": ">", b"IIU\0": "<"}
#: (offset, bytes) of Canon CRW, CR2 and CR3, and of Phase One IIQ in both byte orders.
_MARKS = ((6, b"HEAPCCDR"), (8, b"CR\x02"), (4, b"ftypcrx "), (8, b"IIII"), (8, b"MMMM"))

# TIFF 6.0, section 8; TIFF/EP, 5.2; DNG 1.7.
_PHOTOMETRIC, _DNG_VERSION = 262, 50706
_STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES, _SUB_FOLDERS = 273, 279, 324, 325, 330
_MOSAIC, _LINEAR = 32803, 34892
_SENSOR = frozenset((_MOSAIC, _LINEAR))
_ELSEWHERE = 0xFFFF_FFFF  # where Panasonic gives the offset in a tag of its own
_NUMBERS = {1: "B", 3: "H", 4: "I", 13: "I"}
_MOST_FOLDERS, _MOST_ENTRIES, _MOST_VALUES = 32, 1000, 100_000

_Folder = Mapping[int, tuple[int, ...]]


def is_raw(data: bytes) -> bool:
    """Whether these bytes begin a RAW file, of whatever camera."""
    if data.startswith(_SIGNATURES):
        return True
    if any(data.startswith(mark, at) for at, mark in _MARKS if at == 4 or data[:2] in (b"II", b"MM")):
        return True
    return data[:4] in _TIFFS and _is_raw_tiff(data)


def lacks_raw_end(data: bytes) -> bool:
    """Whether a RAW file says that it has pixels of its sensor beyond its end."""
    if data.startswith(b"ftyp", 4):
        return last_box_end(data) > len(data)
    folders = (folder for folder in _folders(data) if _of_sensor(folder))
    return any(end > len(data) for folder in folders for end in _ends(folder))


def has_all_colours(data: bytes) -> bool:
    """Whether a RAW file holds every colour of every pixel, as those of Sigma and Apple's ProRAW do."""
    return data.startswith(b"FOVb") or any(_LINEAR in folder.get(_PHOTOMETRIC, ()) for folder in _folders(data))


def as_tiff(data: bytes) -> bytes:
    """Return a RAW file with the header of a TIFF where it has another one; other files unchanged."""
    order = _ALMOST_TIFFS.get(data[:4])
    if order is None:
        return data
    return (b"II*\0" if order == "<" else b"MM\0*") + data[4:]


def _is_raw_tiff(data: bytes) -> bool:
    return any(_of_sensor(folder) or _DNG_VERSION in folder for folder in _folders(data))


def _of_sensor(folder: _Folder) -> bool:
    return not _SENSOR.isdisjoint(folder.get(_PHOTOMETRIC, ()))


def _ends(folder: _Folder) -> Iterator[int]:
    """The offsets behind the strips and tiles of a folder."""
    for begins, sizes in ((_STRIPS, _STRIP_BYTES), (_TILES, _TILE_BYTES)):
        for begin, size in zip(folder.get(begins, ()), folder.get(sizes, ()), strict=False):
            if begin != _ELSEWHERE:
                yield begin + size


def _folders(data: bytes) -> Iterator[_Folder]:
    """The folders of a TIFF, each before those below it; none of other files. Broken ones are left out."""
    order = _TIFFS.get(data[:4]) or _ALMOST_TIFFS.get(data[:4])
    if order is None or len(data) < 8:
        return
    waiting, seen = [struct.unpack_from(order + "I", data, 4)[0]], set[int]()
    while waiting and len(seen) < _MOST_FOLDERS:
        at = waiting.pop(0)
        if not at or at in seen or at + 2 > len(data):
            continue
        seen.add(at)
        folder, following = _folder(data, order, at)
        waiting += [*folder.get(_SUB_FOLDERS, ()), following]
        yield folder


def _folder(data: bytes, order: str, at: int) -> tuple[_Folder, int]:
    """The numbers of a folder by tag, and the offset of the next folder, 0 for none."""
    count = min(struct.unpack_from(order + "H", data, at)[0], _MOST_ENTRIES)
    folder: dict[int, tuple[int, ...]] = {}
    for number in range(count):
        entry = at + 2 + 12 * number
        if entry + 12 > len(data):
            return folder, 0
        tag, kind, length = struct.unpack_from(order + "HHI", data, entry)
        folder[tag] = _numbers(data, order, entry + 8, kind, length)
    behind = at + 2 + 12 * count
    return folder, struct.unpack_from(order + "I", data, behind)[0] if behind + 4 <= len(data) else 0


def _numbers(data: bytes, order: str, place: int, kind: int, length: int) -> tuple[int, ...]:
    """The values of an entry; none where they are no whole numbers, or lie beyond the end."""
    if kind not in _NUMBERS or not 0 < length <= _MOST_VALUES:
        return ()
    layout = f"{order}{length}{_NUMBERS[kind]}"
    size = struct.calcsize(layout)
    if size > 4:
        place = struct.unpack_from(order + "I", data, place)[0]
    return struct.unpack_from(layout, data, place) if place + size <= len(data) else ()
