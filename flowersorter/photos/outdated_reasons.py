"""Reasons that kept files from being read by an earlier version, or without a package that is there now."""

from __future__ import annotations

from importlib.util import find_spec

from flowersorter.photos.decoding.raw_file import NO_LIBRAW
from flowersorter.photos.formats import NO_JXL

#: What is said of formats without the package that opens them, and by versions that did not open them at all.
_REASONS = {
    "rawpy": (NO_LIBRAW, "it is a RAW file, which is not shown"),
    "pylibjxl": (NO_JXL, "it is a JPEG XL image, which FlowerSorter cannot open"),
    "PIL": ("it is a JPEG 2000 image, which FlowerSorter cannot open",),
}


def outdated_reasons() -> frozenset[str]:
    """The reasons, as they are stored, of files that are worth another try."""
    return frozenset(
        reason for package, reasons in _REASONS.items() if find_spec(package) is not None for reason in reasons
    )
