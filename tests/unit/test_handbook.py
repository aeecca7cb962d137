"""The handbook names only what is there: commands, options, menu actions, words on screen, messages, JSON fields."""

from __future__ import annotations

import ast
import re
import shlex
from functools import cache
from pathlib import Path

import pytest

import flowersorter
import update_translations
from build_handbook import TERMINAL, terminal_page
from flowersorter.commands.shared.line_parser import UsageError
from flowersorter.commands.shared.parser import make_parser, parse
from flowersorter.commands.verbs import VERBS
from flowersorter.ui.window.action_specs import MENUS, SPECS, SUBMENUS
from installers.man_page import commands_of
from tests.sources import PACKAGE, ROOT, tree_of

DOCS = ROOT / "docs"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))}
#: Written for people who use the window; the others describe measurements, and use italics as they like.
BY_HAND = ("first-steps.md", "suggestions.md", "recipes.md", "data-in-and-out.md", "troubleshooting.md")
#: A block of code: indented lines after an empty one.
BLOCK = re.compile(r"(?:(?<=\n\n)|^) {4,}\S[^\n]*(?:\n(?: {4,}[^\n]*)?)*", re.MULTILINE)
INLINE = re.compile(r"`([^`]+)`")


def commands_in(page: str) -> list[str]:
    """The command lines of a page, in its blocks of code and in its sentences."""
    blocks = [line.strip() for block in BLOCK.findall(page) for line in block.splitlines()]
    inline = [" ".join(each.split()) for each in INLINE.findall(BLOCK.sub("", page))]
    return [line for line in (*blocks, *inline) if line.startswith("flowersorter ")]


def is_one(line: str) -> bool:
    """Whether the program takes a command line; a sentence may name a command without all of its arguments."""
    words = shlex.split(re.sub(r"\s\[\w+\]", "", line), comments=True)[1:]
    try:
        parse(words)
    except SystemExit as ended:
        return ended.code == 0
    except UsageError as error:
        return "arguments are required" in str(error)
    return True


@cache
def templates() -> tuple[str, ...]:
    """Every text of the program that a person reads, without the keys of menus, in small letters."""
    return tuple(plain(each) for template in update_translations.templates() for each in template)


def plain(text: str) -> str:
    """A text as it is compared: captions are in title case or not, with a key and dots or without."""
    return text.replace("&", "").replace("…", "").replace("’", "'").lower().strip()


# -- the terminal


def test_the_terminal_reference_is_that_of_the_parser() -> None:
    assert TERMINAL.read_text(encoding="utf-8") == terminal_page(), "run python packaging/build_handbook.py --terminal"


@pytest.mark.parametrize("page", [*BY_HAND, "safety.md", "json.md", "many-machines.md", "../README.md"])
def test_a_command_line_is_one_that_the_program_takes(page: str) -> None:
    lines = commands_in((DOCS / page).read_text(encoding="utf-8"))
    assert lines
    assert [line for line in lines if not is_one(line)] == []


def test_a_command_line_with_a_wrong_option_is_none() -> None:
    assert not is_one("flowersorter predict --no-such-option PATH")
    assert not is_one("flowersorter no-such-command PATH")


def test_an_option_in_a_sentence_exists() -> None:
    parsers = [make_parser(), *commands_of(make_parser()).values()]
    known = {name for each in parsers for action in each._actions for name in action.option_strings}
    named = {each for page in BY_HAND for each in re.findall(r"`(--[\w-]+)", PAGES[page])}
    assert named
    assert named <= known


# -- the window


def test_a_menu_entry_is_in_that_menu() -> None:
    captions = {spec.name: plain(spec.text) for spec in SPECS}
    menus = {plain(title): {captions.get(name, "") for name in names} for _, title, names in MENUS}
    for inner, outer in SUBMENUS.items():
        titles = {name: plain(title) for name, title, _ in MENUS}
        menus[titles[outer]] |= menus[titles[inner]]
    named = [
        (page, plain(menu), plain(" ".join(entry.split())))
        for page in PAGES
        for menu, entry in re.findall(r"\*(File|Edit|Classes|View|Help),\s([^*]+)\*", PAGES[page])
    ]
    assert len(named) > 20
    assert [each for each in named if each[2] not in menus[each[1]]] == []


@pytest.mark.parametrize("page", BY_HAND)
def test_a_word_in_italics_is_on_the_screen(page: str) -> None:
    text = BLOCK.sub("", PAGES[page]).replace("**", "")
    words = {plain(" ".join(each.split())) for each in re.findall(r"(?<![*\w`])\*([^*|`]+)\*(?![*\w])", text)}
    entries_of_menus = {each for each in words if re.match(r"(file|edit|classes|view|help), ", each)}
    examples = {"empty", "good", "scratch", "burr"}  # classes in recipes
    assert words
    assert words - entries_of_menus - examples - set(templates()) == set()


# -- messages


def test_a_quoted_message_is_one_of_the_program() -> None:
    known = "\n".join(re.sub(r"\{[^}]*\}", "", each) for each in templates())
    quotes = re.findall(r"(?:^> .*\n)+", PAGES["troubleshooting.md"], re.MULTILINE)
    assert len(quotes) > 15
    missing = []
    for quote in quotes:
        text = " ".join(line.removeprefix("> ") for line in quote.splitlines())
        parts = (plain(part).strip(" .:") for part in re.split(r"…|: |\. ", text))
        missing += [part for part in parts if part and part not in known]
    assert missing == []


def test_a_reason_in_the_table_of_unreadable_photos_is_one_of_the_program() -> None:
    section = PAGES["troubleshooting.md"].split("## A photo is unreadable")[1].split("\n## ")[0]
    reasons = [plain(each) for each in re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE)][1:]
    assert len(reasons) > 8
    assert set(reasons) <= set(templates())


# -- references


def test_the_json_reference_has_every_command() -> None:
    headings = " ".join(re.findall(r"^## .*", PAGES["json.md"], re.MULTILINE))
    named = set(INLINE.findall(headings))
    others = PAGES["json.md"].split("## The others")[1]
    named |= set(re.findall(r"^ {4}([a-z-]+) ", others, re.MULTILINE))
    assert named == {verb.name for verb in VERBS}


def test_a_field_in_the_json_reference_is_one_that_a_command_prints() -> None:
    fields = set(re.findall(r'"([a-z_]+)"', PAGES["json.md"]))
    known = set[object]()
    for folder in ("commands", "domain", "workflows/maintenance", "workflows/models"):
        for node in (each for path in (PACKAGE / folder).rglob("*.py") for each in ast.walk(tree_of(path))):
            known |= {_name_in(node)}
            if isinstance(node, ast.AnnAssign | ast.Assign):  # fields of data classes, members of enumerations
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                known |= {each.id.lower() for each in targets if isinstance(each, ast.Name)}
    assert len(fields) > 100
    assert fields - known == set()


def _name_in(node: ast.AST) -> object:
    """The text of a constant, or the name of an argument."""
    return node.arg if isinstance(node, ast.keyword) else node.value if isinstance(node, ast.Constant) else None


def test_the_python_reference_has_every_public_name() -> None:
    assert set(re.findall(r"auto\w+:: flowersorter\.(\w+)", PAGES["python.md"])) == {*flowersorter.__all__, "errors"}


def test_the_python_at_the_beginning_is_that_of_the_readme() -> None:
    found = re.search(r"    from flowersorter import Collection.*?\n\n(?=\S)", PAGES["python.md"], re.DOTALL)
    assert found is not None
    assert found[0] in (ROOT / "README.md").read_text(encoding="utf-8")


# -- pictures


def test_every_picture_of_the_handbook_is_shown_and_made_by_the_script() -> None:
    shown = {Path(each).name for page in PAGES.values() for each in re.findall(r"\]\(pictures/([^)]+)\)", page)}
    script = (ROOT / "packaging/make_screenshots.py").read_text(encoding="utf-8")
    assert shown == {path.name for path in (DOCS / "pictures").iterdir()}
    assert all(f'"{Path(each).stem}"' in script for each in shown)
