"""Reads the keywords of a photo: those in its sidecars, and those inside its file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from flowersorter.errors import PhotoUnreadable
from flowersorter.photos.file_bytes import open_regular
from flowersorter.photos.sidecars import RAW_SUFFIXES
from flowersorter.photos.xmp.document import MAX_BYTES, TOO_LARGE, XmpUnusable, read_document
from flowersorter.photos.xmp.embedded import embedded_packets, iptc_blocks
from flowersorter.photos.xmp.iptc import iptc_keywords
from flowersorter.photos.xmp.keywords import Entries, Field, merged_entries

XMP_SUFFIX = ".xmp"


def photo_keywords(photo: Path, sidecars: Iterable[Path]) -> tuple[Entries, tuple[tuple[Path, str], ...]]:
    """Return the keywords of a photo, and the sidecars that cannot be read, each with the reason.

    Args:
        photo: The photo; XMP in it that cannot be read is left out.
        sidecars: Its sidecars; those in XMP are read, and RAW files for the XMP inside.
    """
    found, problems, pictures = [], [], [photo]
    for sidecar in sidecars:
        if sidecar.suffix.lower() in RAW_SUFFIXES:
            pictures.append(sidecar)
        elif sidecar.suffix.lower() == XMP_SUFFIX:
            try:
                found.append(read_document(_contents(sidecar)).entries)
            except XmpUnusable as error:
                problems.append((sidecar, error.reason))
    for packet in (packet for picture in pictures for packet in embedded_packets(picture)):
        try:
            found.append(read_document(packet.rstrip(b"\0")).entries)
        except XmpUnusable:
            continue  # of no interest to a person who did not write it
    blocks = (block for picture in pictures for block in iptc_blocks(picture))
    found.append({Field.SUBJECT: tuple(keyword for block in blocks for keyword in iptc_keywords(block))})
    return merged_entries(found), tuple(problems)


def _contents(path: Path) -> bytes:
    """The bytes of a sidecar.

    Raises:
        XmpUnusable: it cannot be read, or is too large.
    """
    try:
        with open_regular(path) as stream:
            data = stream.read(MAX_BYTES + 1) or b""
    except PhotoUnreadable as error:
        raise XmpUnusable(error.why) from error
    except OSError as error:
        raise XmpUnusable((error.strerror or "").lower()) from error
    if len(data) > MAX_BYTES:
        raise XmpUnusable(TOO_LARGE)
    return data
