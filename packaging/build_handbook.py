"""Builds the handbook in docs/ into a site; a link, an anchor or a picture that is missing fails.

    python packaging/build_handbook.py               # into build/handbook; open index.html there
    python packaging/build_handbook.py --to FOLDER
    python packaging/build_handbook.py --terminal    # writes docs/terminal.md from the parser, before

Needs no network. The terminal reference is committed, so that it can be read without the site; one that is not that of
the parser fails. The Python reference is made from the docstrings while the site is built.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from flowersorter.commands.shared.parser import make_parser  # noqa: E402 - found beside this script
from flowersorter.messages import worded  # noqa: E402 - found beside this script
from installers.man_page import ENVIRONMENT, HEADING, commands_of, id_of, options_of  # noqa: E402 - found beside it

DOCS = ROOT / "docs"
TERMINAL = DOCS / "terminal.md"
_ABOUT = """\
# In the terminal

Every command and option of FlowerSorter, written from the parser of the command line by `python
packaging/build_handbook.py --terminal`. `flowersorter COMMAND --help` shows the same.
"""


def terminal_page() -> str:
    """Return the reference of the command line, in Markdown."""
    parser = make_parser()
    commands = commands_of(parser)
    shared = options_of(parser)
    known = {id_of(action) for action in shared} | {"--json"}
    usage = [line.strip() for line in (parser.usage or "").splitlines()]
    lines = [_ABOUT, *_code(usage), "", *_text(parser.description), ""]
    lines += ["| command | effect |", "|---|---|"]
    lines += [f"| [{name}](#{_anchor(name)}) | {_cell(each.description)} |" for name, each in commands.items()]
    for name, command in commands.items():
        lines += _command(name, command, known)
    lines += ["", "## Options of every command", "", "| option | effect |", "|---|---|", *_rows(parser, shared)]
    lines.append("| `--json` | one JSON object a line on stdout: [JSON output](json.md) |")
    lines += _epilog(worded(parser.epilog or "") % {})
    lines += ["", "## Environment", "", "| variable | effect |", "|---|---|"]
    lines += [f"| `{name}` | {_escaped(effect)} |" for name, effect in ENVIRONMENT]
    return "\n".join(lines) + "\n"


def _anchor(command: str) -> str:
    return f"flowersorter-{command}"


def _command(name: str, parser: argparse.ArgumentParser, known: set[str]) -> Iterator[str]:
    """The section of one command; options that all commands have stand in a section of their own."""
    arguments = [each for each in parser._actions if not each.option_strings]
    options = [each for each in options_of(parser) if id_of(each) not in known]
    words = [_value(each) for each in arguments]
    yield from ("", f"## flowersorter {name}", "")
    yield from _code([" ".join(["flowersorter", name, *words, "[OPTIONS]"])])
    yield from ("", *_text(parser.description))
    rows = [*_rows(parser, arguments), *_rows(parser, options)]
    if rows:
        yield from ("", "| argument or option | effect |", "|---|---|", *rows)


def _rows(parser: argparse.ArgumentParser, actions: Sequence[argparse.Action]) -> Iterator[str]:
    """A row of a table for each option or argument that has a help."""
    formatter = parser._get_formatter()
    for action in actions:
        if action.help:
            names = ", ".join(action.option_strings)
            effect = " ".join(formatter._expand_help(action).split())
            yield f"| `{' '.join(filter(None, (names, _value(action))))}` | {_escaped(effect)} |"


def _value(action: argparse.Action) -> str:
    """How the value of an option or an argument is written; "" for an option without one."""
    if action.nargs == 0:
        return ""
    choices = action.choices
    value = str(action.metavar or action.dest) if choices is None else "{" + ",".join(map(str, choices)) + "}"
    return f"[{value}]" if action.nargs == "?" else f"{value}..." if action.nargs in ("+", "*") else value


def _epilog(text: str) -> Iterator[str]:
    """A section for each block with a heading; the other blocks are paragraphs of the last one."""
    for block in text.strip().split("\n\n"):
        found = HEADING.match(block)
        if found is None:
            yield from ("", *_text(block))
            continue
        yield from ("", f"## {found['title'].capitalize()}", "")
        yield from _code(line.removeprefix("  ") for line in found["lines"].splitlines())


def _text(text: str | None) -> Iterator[str]:
    yield from _escaped(worded(text or "")).strip().splitlines()


def _cell(text: str | None) -> str:
    """The first sentence of a text, without its full stop."""
    return _escaped(re.split(r"(?<=[^.])\.(?:\s|$)", worded(text or "").strip(), maxsplit=1)[0])


def _code(lines: Iterator[str] | Sequence[str]) -> Iterator[str]:
    yield from (f"    {line}".rstrip() for line in lines)


def _escaped(text: str) -> str:
    """A text in which no character has a meaning in Markdown, neither in a table."""
    return re.sub(r"([\\|*_<>{}\[\]`])", r"\\\1", text)


def build(to: Path) -> int:
    """Build the site.

    Args:
        to: Gets its pages.

    Returns:
        The exit code: 0 if nothing is missing.
    """
    options = ["--fail-on-warning", "--keep-going", "--quiet", "--fresh-env"]
    # Beside the pages, not among them: they can be copied to a server as they are.
    options += ["--doctree-dir", str(to.with_name(f"{to.name}-cache"))]
    command = [sys.executable, "-m", "sphinx", "--builder", "html", *options, str(DOCS), str(to)]
    return subprocess.run(command, check=False).returncode


def main() -> int:
    """Write the terminal reference if asked to, and build the site."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=ROOT / "build" / "handbook", metavar="FOLDER")
    parser.add_argument("--terminal", action="store_true", help="write docs/terminal.md first")
    options = parser.parse_args()
    if options.terminal:
        TERMINAL.write_text(terminal_page(), encoding="utf-8")
    elif TERMINAL.read_text(encoding="utf-8") != terminal_page():
        print(f"{TERMINAL} is not that of the parser: use --terminal", file=sys.stderr)
        return 1
    code = build(options.to.absolute())
    if not code:
        print(f"{options.to / 'index.html'}: {len(list(options.to.rglob('*.html')))} pages")
    return code


if __name__ == "__main__":
    sys.exit(main())
