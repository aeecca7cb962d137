"""How results with many photos are shown: by their counts, as a list of all paths would fill the screen."""

from __future__ import annotations

from collections.abc import Mapping


def short_repr(result: object, subject: str, counts: Mapping[str, object]) -> str:
    """Show a result as "<SortReport: sort 3, photos 1536, copy 1308, left 173>".

    Args:
        result: Names its class.
        subject: What it is about.
        counts: By what is counted; those that are 0 or empty are left out.
    """
    parts = [subject, *(f"{name} {count}" for name, count in counts.items() if count)]
    return f"<{type(result).__name__}: {', '.join(parts)}>"
