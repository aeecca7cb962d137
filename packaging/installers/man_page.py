"""Writes the man page from the parser of the command line, so that the two cannot differ.

python -m installers.man_page VERSION DATE FILE
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from flowersorter.commands.shared.parser import make_parser
from flowersorter.messages import worded

#: A block of the epilog that has a heading.
HEADING = re.compile(r"^(?P<title>[a-z][a-z ]+):\n(?P<lines>(?:  .*\n?)+)$")
#: The variables that the program reads, each with its effect.
ENVIRONMENT = (
    ("FLOWERSORTER_COLLECTION", "The collection to open where none is named."),
    ("FLOWERSORTER_LANGUAGE", "The language of all texts, such as de; by default that of the system."),
)


def man_page(version: str, date: str) -> str:
    """Return the page in roff.

    Args:
        version: Of the program.
        date: Of the build, ISO 8601.
    """
    parser = make_parser()
    shared = {id_of(action) for action in options_of(parser)} | {"--json"}
    lines = [
        f'.TH FLOWERSORTER 1 "{date}" "FlowerSorter {version}" "User Commands"',
        ".SH NAME",
        r"flowersorter \- sort photos into class folders",
        ".SH SYNOPSIS",
        *_synopsis(parser),
        ".SH DESCRIPTION",
        *_paragraphs(worded(parser.description or "")),
        ".SH OPTIONS",
        *_entries(parser, options_of(parser)),
        ".TP",
        r"\fB\-\-json\fR",
        "With every command: one JSON object a line on stdout.",
        ".SH COMMANDS",
    ]
    for name, command in commands_of(parser).items():
        lines += _command(name, command, shared)
    lines += _epilog(worded(parser.epilog or "") % {})
    lines.append(".SH ENVIRONMENT")
    for name, effect in ENVIRONMENT:
        lines += [".TP", rf"\fB{name}\fR", _line(effect)]
    return "\n".join(lines) + "\n"


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers of the commands by name."""
    found = next(each for each in parser._actions if isinstance(each, argparse._SubParsersAction))
    return dict(found.choices)


def options_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """The options of a parser that its help shows."""
    return [each for each in parser._actions if each.option_strings and each.help != argparse.SUPPRESS]


def id_of(action: argparse.Action) -> str:
    """The longest name of an option."""
    return max(action.option_strings, key=len)


def _synopsis(parser: argparse.ArgumentParser) -> Iterator[str]:
    usage = (parser.usage or "").splitlines()
    for number, line in enumerate(usage):
        if number:
            yield ".br"
        command, _, rest = line.strip().partition(" ")
        yield rf"\fB{_escaped(command)}\fR {_escaped(rest)}"


def _command(name: str, parser: argparse.ArgumentParser, shared: set[str]) -> Iterator[str]:
    """The section of one command; options that all commands have stand in a section of their own."""
    words = [_value(each) for each in parser._actions if not each.option_strings]
    yield rf".SS flowersorter {_escaped(name)} {' '.join(words)}".rstrip()
    yield from _paragraphs(worded(parser.description or ""))
    yield from _entries(parser, [each for each in parser._actions if not each.option_strings])
    yield from _entries(parser, [each for each in options_of(parser) if id_of(each) not in shared])


def _entries(parser: argparse.ArgumentParser, actions: list[argparse.Action]) -> Iterator[str]:
    """A tagged paragraph for each option or argument that has a help."""
    formatter = parser._get_formatter()
    for action in actions:
        if not action.help:
            continue
        names = [rf"\fB{_escaped(name)}\fR" for name in action.option_strings]
        value = _value(action)
        yield ".TP"
        yield ", ".join(names) + (f" {value}" if value and names else value)
        yield _line(formatter._expand_help(action))


def _value(action: argparse.Action) -> str:
    """How the value of an option or an argument is written; "" for an option without one."""
    if action.nargs == 0:
        return ""
    if action.choices is not None:
        value = "{" + ",".join(map(str, action.choices)) + "}"
    else:
        value = str(action.metavar or action.dest)
    value = rf"\fI{_escaped(value)}\fR"
    if action.nargs == "?":
        return f"[{value}]"
    return f"{value}..." if action.nargs in ("+", "*") else value


def _epilog(text: str) -> Iterator[str]:
    """A section for each block with a heading; the other blocks are notes."""
    notes: list[str] = []
    for block in text.strip().split("\n\n"):
        found = HEADING.match(block)
        if found is None:
            notes.append(block)
            continue
        yield f".SH {found['title'].upper()}"
        yield ".nf"
        yield from (_line(line.removeprefix("  ")) for line in found["lines"].splitlines())
        yield ".fi"
    yield ".SH NOTES"
    yield from _paragraphs("\n\n".join(notes))


def _paragraphs(text: str) -> Iterator[str]:
    for number, block in enumerate(text.strip().split("\n\n")):
        if number:
            yield ".PP"
        yield from map(_line, block.splitlines())


def _line(text: str) -> str:
    """A line of text; a full stop or an apostrophe at its beginning is no request."""
    escaped = _escaped(text)
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


def _escaped(text: str) -> str:
    return text.replace("\\", r"\e").replace("-", r"\-").replace("“", r"\(lq").replace("”", r"\(rq")


if __name__ == "__main__":
    Path(sys.argv[3]).write_text(man_page(sys.argv[1], sys.argv[2]), encoding="utf-8")
