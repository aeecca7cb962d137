"""Catalogues: found by the person's language, for engine, terminal and window alike; German is complete."""

from __future__ import annotations

import ast
import importlib.util
import re
import string
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import flowersorter.errors
from flowersorter import translations
from flowersorter.library.files.locations import languages
from flowersorter.messages import plural, set_translations, text, worded
from flowersorter.translations import LOCALE_FOLDER, Catalogue, entries, use_preferred, use_translations
from tests.sources import ROOT, SOURCES, name_of, tree_of

UPDATE = ROOT / "packaging" / "update_translations.py"
LANGUAGES = sorted(LOCALE_FOLDER.glob("*.po"))

POLISH = r"""
msgid ""
msgstr ""
"Language: pl\n"
"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);\n"

#: photos/scan.py
msgid "Folder not found: {folder}"
msgstr "Nie ma folderu: {folder}"

msgid "{number} photo"
msgid_plural "{number} photos"
msgstr[0] "{number} zdjęcie"
msgstr[1] "{number} zdjęcia"
msgstr[2] "{number} zdjęć"

msgid "not yet"
msgstr ""

msgid ""
"a \"long\" line\n"
"\tand \\ more"
msgstr ""
"długa \"linia\"\n"
"\ti \\ więcej"
"""


@pytest.fixture(scope="module")
def update() -> ModuleType:
    """The command that updates the catalogues."""
    spec = importlib.util.spec_from_file_location("update_translations", UPDATE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def wanted(update: ModuleType) -> dict[tuple[str, ...], str]:
    """Every text of the program."""
    found: dict[tuple[str, ...], str] = update.templates()
    return found


@pytest.fixture
def locale_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(translations, "LOCALE_FOLDER", tmp_path)
    for variable in ("FLOWERSORTER_LANGUAGE", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(variable, raising=False)
    yield tmp_path
    set_translations(None)


@pytest.fixture
def polish(locale_folder: Path) -> None:
    (locale_folder / "pl.po").write_text(POLISH, encoding="utf-8")


@pytest.mark.usefixtures("polish")
def test_a_language_with_three_plural_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "pl_PL.UTF-8")
    assert use_translations() is not None
    counts = [worded(plural("{number} photo", "{number} photos", number)) for number in (1, 3, 5)]
    assert counts == ["1 zdjęcie", "3 zdjęcia", "5 zdjęć"]
    assert worded(text("Folder not found: {folder}", folder="a")) == "Nie ma folderu: a"


@pytest.mark.usefixtures("polish")
@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"FLOWERSORTER_LANGUAGE": "pl", "LANG": "en_US.UTF-8"}, True),
        ({"FLOWERSORTER_LANGUAGE": "en", "LANG": "pl_PL.UTF-8"}, False),
        ({"LANGUAGE": "xx:pl"}, True),
        ({"LANGUAGE": "en:pl"}, False),
        ({"LANG": "C.UTF-8"}, False),
        ({"LANG": "xx_YY.UTF-8"}, False),
    ],
)
def test_the_language_of_the_program_comes_before_that_of_the_system(
    variables: dict[str, str], found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert (use_translations() is not None) == found


@pytest.mark.usefixtures("polish")
def test_a_template_with_escapes_and_one_without_a_translation() -> None:
    assert use_translations(["pl_PL"]) is not None
    assert worded(text('a "long" line\n\tand \\ more')) == 'długa "linia"\n\ti \\ więcej'
    assert worded(text("not yet")) == "not yet"
    assert worded(plural("{number} file", "{number} files", 2)) == "2 files"


@pytest.mark.parametrize(
    "damaged", [b"no catalogue", b"\xff\xfe", b'msgid ""\nmsgstr "Plural-Forms: plural=open(1);\\n"\n']
)
def test_a_damaged_catalogue_leaves_the_texts_english(damaged: bytes, locale_folder: Path) -> None:
    (locale_folder / "pl.po").write_bytes(damaged)
    assert use_translations(["pl"]) is None
    assert use_translations(["../pl", ""]) is None


def test_every_kind_of_text_is_found_for_translators(update: ModuleType, wanted: dict[tuple[str, ...], str]) -> None:
    for template in (
        ("Folder not found: {folder}",),
        ("Rescan fo&lder",),
        ("Checking for an interrupted sort",),
        ("Waiting",),
        ("{number} photo", "{number} photos"),
    ):
        assert template in wanted
    source = 'tr("b")\nself.tr("c"); QCoreApplication.translate("Context", "d")\nself.text("e", tr(name))'
    assert list(update.templates_in(source)) == [("b",), ("c",), ("d",), ("e",)]


def test_what_is_translated_is_a_literal_or_marked_as_one(update: ModuleType) -> None:
    """An expression such as `tr("a" if one else "b")` would be found by no extractor."""
    wrong = [
        f"{name_of(path)}:{call.lineno}: {ast.unparse(template)}"
        for path in SOURCES
        for call in ast.walk(tree_of(path))
        if isinstance(call, ast.Call)
        for name in [call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")]
        for template in call.args[update.TEMPLATES.get(name, slice(0))]
        if isinstance(template, (ast.IfExp, ast.BinOp, ast.JoinedStr)) and name not in {"text", "plural", "translate"}
    ]
    assert wrong == []


#: Fields of argparse's texts, and its percent sign.
PERCENT = r"%(?:\(\w+\))?[srd%]"


def fields(template: str) -> set[str]:
    try:
        return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
    except ValueError:  # braces that are none of a template
        return set()


def mnemonics(template: str) -> int:
    return len(re.findall(r"&(?=[^\W_])", template.replace("&&", "")))


@pytest.mark.parametrize("file", LANGUAGES, ids=lambda file: file.stem)
def test_a_language_is_complete_and_its_templates_have_the_same_fields(
    file: Path, wanted: dict[tuple[str, ...], str]
) -> None:
    catalogue = dict(entries(file.read_text(encoding="utf-8")))
    catalogue.pop(("",))
    hint = "python packaging/update_translations.py, then translate what it lists"
    assert {ids for ids, strings in catalogue.items() if not all(strings)} == set(), hint
    assert catalogue.keys() ^ wanted.keys() == set(), hint
    for ids, strings in catalogue.items():
        for string_ in strings:
            either = {frozenset(fields(each)) for each in ids}
            assert frozenset(fields(string_)) in either, string_
            assert re.findall(PERCENT, string_) == re.findall(PERCENT, ids[0]), string_
            assert mnemonics(string_) == mnemonics(ids[0]), string_
            assert re.findall(r"^\s*|\s*$", string_)[0] == re.findall(r"^\s*|\s*$", ids[0])[0], string_
            assert string_.endswith("…") == ids[0].endswith(("…", "...")), string_


@pytest.mark.parametrize("file", LANGUAGES, ids=lambda file: file.stem)
def test_a_catalogue_is_as_its_command_writes_it(
    file: Path, update: ModuleType, wanted: dict[tuple[str, ...], str]
) -> None:
    there = file.read_text(encoding="utf-8")
    assert update.updated(there, wanted) == (there, [])


def test_another_language_is_one_more_file(locale_folder: Path, update: ModuleType) -> None:
    wanted = {("Open",): "a.py", ("{number} photo", "{number} photos"): "a.py", ('a "b"\n\\c',): "b.py"}
    empty, missing = update.updated(update._NEW_HEADER.format(language="eo"), wanted)
    assert missing == list(wanted)
    (locale_folder / "eo.po").write_text(empty, encoding="utf-8")
    assert use_translations(["eo"]) is not None
    assert worded(text("Open")) == "Open"
    half = empty.replace('msgid "Open"\nmsgstr ""', 'msgid "Open"\nmsgstr "Malfermi"').replace(
        'msgstr[0] ""\nmsgstr[1] ""', 'msgstr[0] "{number} foto"\nmsgstr[1] "{number} fotoj"'
    )
    (locale_folder / "eo.po").write_text(half, encoding="utf-8")
    assert use_translations(["eo_XX"]) is not None
    assert worded(text("Open")) == "Malfermi"
    assert worded(plural("{number} photo", "{number} photos", 2)) == "2 fotoj"
    more = {("New",): "a.py", ("{number} photo", "{number} photos"): "c.py"}
    again, missing = update.updated(half, more)
    assert missing == [("New",)]
    assert dict(entries(again))["{number} photo", "{number} photos"] == ("{number} foto", "{number} fotoj")
    assert "Open" not in again


def test_german_speaks_in_terminal_and_engine() -> None:
    german = Catalogue.read(LOCALE_FOLDER / "de.po")
    assert german.language == "de"
    assert german.gettext("Folder not found: {folder}") == "Ordner nicht gefunden: {folder}"
    assert [german.ngettext("{number} photo", "{number} photos", number) for number in (0, 1, 2)] == [
        "{number} Fotos",
        "{number} Foto",
        "{number} Fotos",
    ]


def test_every_function_that_words_a_text_for_the_window_is_known_to_the_catalogue(update: ModuleType) -> None:
    """A text that is handed to a function of another name stays English."""
    unknown = [
        f"{name_of(source)}: {function.name}"
        for source in SOURCES
        for function in ast.walk(tree_of(source))
        if isinstance(function, ast.FunctionDef) and len(function.body) <= 2  # a wrapper: docstring and return
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "QCoreApplication.translate"
        if not isinstance(call.args[1], ast.Constant) and function.name not in update.TEMPLATES
    ]
    assert not unknown


#: Words that are written with a capital letter wherever they stand: names, and what stands on keys.
_NAMES = {"FlowerSorter", "Debian", "Ubuntu", "ResNet", "Python", "Enter", "Esc", "Space", "Delete", "Ctrl", "Shift"}
_NAMES |= {
    "Camtrap",
    "Core",
    "Darwin",
    "Lobe",
    "Machine",
    "MegaDetector",
    "Studio",
    "Teachable",
    "Timelapse",
}  # programs and standards
#: Commands of one word, by which a sentence names them. A longer name of a command stands in quotation marks.
_COMMANDS = {"Sort", "Retrain", "History", "Preferences", "Browse"}
_LABEL_WORDS = 6  # the longest action, button or title has so many


def capitals_inside(shown: str) -> list[str]:
    """The words of a text of the window that sentence case writes in lower case."""
    plain = shown.replace("&", "")
    is_label = len(plain.split()) <= _LABEL_WORDS and not plain.rstrip("…").endswith((".", "?"))
    allowed = _NAMES if is_label else _NAMES | _COMMANDS
    words = re.findall(r"(?<![\w'-])(?<![.?!:\n“(] )(?<![\n“;])(?<!^)([A-Z][a-z]\w*)", plain)
    return [word for word in words if word not in allowed]


def test_actions_buttons_and_titles_are_in_sentence_case(update: ModuleType) -> None:
    assert capitals_inside("Re&name Class") == ["Class"]
    assert capitals_inside("Stack Look-Alike shots…") == ["Look"]
    assert capitals_inside("Undo the Sort…") == ["Sort"]
    assert not capitals_inside("&About FlowerSorter")
    assert not capitals_inside("Ready. Press Enter, or choose “Open folder”. Undo it in History.")
    window = [path for path in SOURCES if "ui" in path.parts]
    texts = {each for path in window for template in update.templates_in(path.read_text("utf-8")) for each in template}
    assert len(texts) > 500
    assert {each: wrong for each in texts if (wrong := capitals_inside(each))} == {}


def literals(expression: ast.expr, scope: ast.AST) -> Iterator[ast.expr]:
    """The plain texts that an expression may be: its own, and those that its scope gives to its variables."""
    if isinstance(expression, ast.IfExp):
        yield from literals(expression.body, scope)
        yield from literals(expression.orelse, scope)
    elif isinstance(expression, ast.Name):
        for node in (node for node in ast.walk(scope) if isinstance(node, ast.Assign)):
            if any(isinstance(target, ast.Name) and target.id == expression.id for target in node.targets):
                yield from literals(node.value, scope)
    elif isinstance(expression, ast.JoinedStr) or (
        isinstance(expression, ast.Constant) and isinstance(expression.value, str) and expression.value
    ):
        yield expression


def errors_outside_the_catalogue(tree: ast.AST) -> list[int]:
    """Lines of plain texts that become a part of an error."""
    errors = {name for name, each in vars(flowersorter.errors).items() if isinstance(each, type)}
    raising = errors | {"unreadable", "out_of_reach", "RefusalError"}
    return [
        literal.lineno
        for scope in ast.walk(tree)
        if isinstance(scope, ast.FunctionDef)
        for call in ast.walk(scope)
        if isinstance(call, ast.Call)
        and (call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")) in raising
        for part in [*call.args, *(keyword.value for keyword in call.keywords)]
        for literal in literals(part, scope)
    ]


def test_no_error_for_a_person_stands_outside_the_catalogue() -> None:
    """Its sentences are made by `text` or `plural`, never written as they are."""
    code = 'def f(x):\n    why = text("seen") if x else f"{x} not"\n    raise UserError(text("All"), why, hint="never")'
    assert sorted(errors_outside_the_catalogue(ast.parse(code))) == [2, 3]
    assert [f"{name_of(path)}:{line}" for path in SOURCES for line in errors_outside_the_catalogue(tree_of(path))] == []


def test_the_language_of_preferences_goes_before_the_systems_and_after_the_environments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert languages() == [file.stem for file in LANGUAGES]
    for variable in ("FLOWERSORTER_LANGUAGE", "LANGUAGE", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    try:
        assert use_preferred("en") is None
        assert (found := use_preferred("")) is not None
        assert found.language == "de"
        monkeypatch.setenv("LANG", "en_GB.UTF-8")
        assert (found := use_preferred("de")) is not None
        assert found.language == "de"
        monkeypatch.setenv("FLOWERSORTER_LANGUAGE", "en")
        assert use_preferred("de") is None
    finally:
        set_translations(None)
