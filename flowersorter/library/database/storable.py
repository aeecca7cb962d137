"""Values as SQLite can store them."""

from __future__ import annotations

_SMALLEST_INTEGER, _LARGEST_INTEGER = -(2**63), 2**63 - 1


def storable_time(mtime_ns: int) -> int:
    """A file's time in nanoseconds, clipped to 64 bits: a damaged one can lie beyond the year 2262."""
    return max(_SMALLEST_INTEGER, min(mtime_ns, _LARGEST_INTEGER))


def storable_text(text: str | None) -> str | None:
    """A text with undecodable bytes escaped: it may quote a file name that is not UTF-8, which SQLite refuses."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode("utf-8")
