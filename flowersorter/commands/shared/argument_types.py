"""Reads the words of the command line: paths, numbers, models."""

from __future__ import annotations

import argparse
import os
import re
from datetime import datetime
from pathlib import Path

from flowersorter.messages import text, worded

#: A character as JSON and Python escape it.
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_TIME = re.compile(r"\d{1,2}:\d\d(:\d\d)?")


def to_path(word: str) -> Path:
    r"""Read a path of the command line.

    A name that is not valid text is printed with escapes ("caf\udce9.jpg"), also by `--json`: so they are read here,
    where no file has the very name and one has the name that they stand for.

    Raises:
        ArgumentTypeError: it is empty.
    """
    if not word:
        raise argparse.ArgumentTypeError(worded(text("the path is empty")))
    if _ESCAPE.search(word) and not os.path.lexists(word):
        unescaped = _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), word)
        unescaped = unescaped.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")  # joins pairs
        if os.path.lexists(unescaped):
            return Path(unescaped)
    return Path(word)


def to_path_pair(word: str) -> tuple[str, str]:
    """Read a folder of this computer and the same folder as workers see it: "/mnt/photos=//nas/photos".

    Raises:
        ArgumentTypeError: one of the two is missing.
    """
    here, _, there = word.partition("=")
    if not here or not there:
        raise argparse.ArgumentTypeError(worded(text("{word!r} is not HERE=THERE", word=word)))
    return here, there


def to_report(word: str) -> Path:
    """Read the path of a report.

    Raises:
        ArgumentTypeError: no report has this suffix.
    """
    if not word.lower().endswith((".html", ".csv")):
        raise argparse.ArgumentTypeError(worded(text("the report must end in .html or .csv, not {name!r}", name=word)))
    return Path(word)


def to_moment(word: str) -> datetime:
    """Read a time on the person's clock: "2026-05-04", "2026-05-04 14:30", with seconds, or "14:30" for today.

    Returns:
        The time, with the zone of this computer.

    Raises:
        ArgumentTypeError: it is no such time.
    """
    is_today = _TIME.fullmatch(word) is not None
    try:
        moment = datetime.fromisoformat(f"{datetime.now().date()}T{word.zfill(5)}" if is_today else word)
        return moment.astimezone()
    except (ValueError, OverflowError, OSError) as error:
        raise argparse.ArgumentTypeError(
            worded(text("{word!r} is not a time such as 2026-05-04, “2026-05-04 14:30” or 14:30", word=word))
        ) from error


def to_number(word: str) -> int:
    """Read a whole number of 1 or more.

    Raises:
        ArgumentTypeError: it is no such number.
    """
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError(worded(text("{word!r} is not a whole number of 1 or more", word=word)))
    return int(word)


def to_goal(word: str) -> int:
    """Read a number out of 100, 1 to 99.

    Raises:
        ArgumentTypeError: it is no such number.
    """
    if not word.isdecimal() or not 1 <= int(word) <= 99:
        raise argparse.ArgumentTypeError(worded(text("{word!r} is not a whole number from 1 to 99", word=word)))
    return int(word)


def to_count(word: str) -> int:
    """Read a number of models, 0 included.

    Raises:
        ArgumentTypeError: it is no such number.
    """
    if not word.isdecimal():
        raise argparse.ArgumentTypeError(worded(text("{word!r} is not a valid number of models to keep", word=word)))
    return int(word)


def to_model_id(word: str) -> int | str:
    """Read the number of a model, or "starter"."""
    return word if word == "starter" else to_number(word)
