"""Reads keywords in IPTC data, where programs stored them before XMP (IIM 4.2; Photoshop's image resources)."""

from __future__ import annotations

from collections.abc import Iterator

_RESOURCE, _IPTC = b"8BIM", 0x0404
_MARKER = 0x1C
_CHARACTER_SET, _KEYWORD = (1, 90), (2, 25)
_UTF_8 = b"\x1b%G"


def iptc_keywords(block: bytes) -> tuple[str, ...]:
    """Return the keywords in IPTC data, or in image resources with them; of damaged ones those before the damage."""
    encoding, found = "latin-1", []
    for data in [block] if block[:1] == bytes((_MARKER,)) else _resources(block):
        for number, value in _data_sets(data):
            if number == _CHARACTER_SET:
                encoding = "utf-8" if value == _UTF_8 else "latin-1"
            elif number == _KEYWORD:
                found.append(value)
    return tuple(keyword for value in found if (keyword := _decoded(value, encoding)))


def _decoded(value: bytes, encoding: str) -> str:
    try:
        return value.decode("utf-8")  # many programs do not say that it is
    except UnicodeDecodeError:
        return value.decode(encoding, "replace")


def _resources(block: bytes) -> Iterator[bytes]:
    """The IPTC data among the resources: type, number, a name with its length, size, each padded to even."""
    at = 0
    while block.startswith(_RESOURCE, at) and at + 7 <= len(block):
        number, name = int.from_bytes(block[at + 4 : at + 6], "big"), block[at + 6]
        at += 7 + name + (name + 1) % 2
        size = int.from_bytes(block[at : at + 4], "big")
        if number == _IPTC:
            yield block[at + 4 : at + 4 + size]
        at += 4 + size + size % 2


def _data_sets(data: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Record and number of each data set, with its value; longer ones than keywords can be end the list."""
    at = 0
    while at + 5 <= len(data) and data[at] == _MARKER:
        size = int.from_bytes(data[at + 3 : at + 5], "big")
        if size & 0x8000:
            return
        yield (data[at + 1], data[at + 2]), data[at + 5 : at + 5 + size]
        at += 5 + size
