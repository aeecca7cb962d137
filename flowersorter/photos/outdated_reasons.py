"""Reasons that kept files from being read by an earlier version, or without a package that is there now."""

from __future__ import annotations

from importlib.util import find_spec

from flowersorter.photos.decoding.raw_file import NO_LIBRAW

#: What versions said that did not open RAW files.
_BEFORE_RAW = "it is a RAW file, which is not shown"


def outdated_reasons() -> frozenset[str]:
    """The reasons, as they are stored, of files that are worth another try."""
    return frozenset((_BEFORE_RAW, NO_LIBRAW)) if find_spec("rawpy") is not None else frozenset()
