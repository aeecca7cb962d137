"""The terminal in another language: every word in it comes from the catalogue, apart from names and commands."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import pytest

from flowersorter.cli import main
from flowersorter.commands.verbs import VERBS
from flowersorter.messages import set_translations
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.models.current_model import starter
from tests.language import Language
from tests.sources import SOURCES, tree_of
from tests.stub_network import open_colour_network
from tests.unit.workflows.conftest import draw_photos

Run = Callable[..., tuple[str, str]]


@cache
def catalogue() -> frozenset[str]:
    """Every template that the program asks a translation of, as an extractor finds them."""
    found = set()
    for path in SOURCES:
        for call in ast.walk(tree_of(path)):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in {"text", "plural"}:
                templates = call.args[: 1 + (call.func.id == "plural")]
                found |= {each.value for each in templates if isinstance(each, ast.Constant)}
    return frozenset(each for each in found if isinstance(each, str))


#: Puts every template of the catalogue into brackets.
PSEUDO = Language(lambda template: f"⟦{template}⟧" if template in catalogue() else template)
#: Not in a catalogue: classes, notes, the program's commands and options, networks and units.
OWN_WORDS = re.compile(
    r"--[a-z-]+|\.(xmp|txt)\b|\b(red|blue|flowersorter|FlowerSorter|starter|resnet\d+|GB|MB|kB|"
    + "|".join([*sorted((verb.name for verb in VERBS), key=len, reverse=True), *starter().model.class_names])
    + r")\b|"
    + re.escape(starter().model.training.note)
)


@pytest.fixture
def pseudo_language(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("flowersorter.cli.use_translations", lambda: set_translations(PSEUDO))
    yield
    set_translations(None)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command with a network that sees colours, and returns what it wrote on stdout and stderr."""
    colour_engine = partial(Engine, open_network=open_colour_network)
    monkeypatch.setattr("flowersorter.commands.shared.context.Engine", colour_engine)

    def run(*words: str | Path) -> tuple[str, str]:
        main([*map(str, words), "--collection", str(tmp_path / "collection")])
        written = capsys.readouterr()
        return written.out, written.err

    return run


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Class folders, a photo with a sidecar, a hidden file and a file that is no photo."""
    folder = tmp_path / "photos"
    for colour in ("red", "blue"):
        draw_photos(folder / colour, colour, 5)
    (folder / "red" / "red_0.jpg.xmp").write_text("rating")
    (folder / "red" / ".hidden").write_text("")
    (folder / "blue" / "broken.jpg").write_bytes(b"no photo")
    (folder / "blue" / "list.txt").write_text("")
    return folder


def english_words(written: str, tmp_path: Path) -> list[str]:
    """The lines with words that no catalogue gave."""
    found = []
    for line in written.splitlines():
        rest = re.sub(rf"{re.escape(str(tmp_path))}[^\s:;,⟦⟧]*", " ", line)
        while (without := re.sub(r"⟦[^⟦⟧]*⟧", " ", rest)) != rest:  # from the inside out
            rest = without
        if re.search(r"[^\W\d_]{2}", OWN_WORDS.sub(" ", rest)):
            found.append(line)
    return found


@pytest.mark.usefixtures("pseudo_language")
def test_no_command_writes_english_words_beside_the_catalogue(run: Run, photos: Path, tmp_path: Path) -> None:
    sorted_photos = tmp_path / "sorted"
    missing = tmp_path / "missing.jpg"
    lines = (
        ("history",),
        ("verify",),
        ("next",),
        ("groups", photos),
        ("label", photos / "red" / "red_0.jpg", "--as", "red"),
        ("label", photos / "red" / "red_0.jpg", "--remove"),
        ("label", missing, "--as", "red"),
        ("predict", photos),
        ("predict", photos / "red" / "red_0.jpg", missing),
        ("train", photos),
        ("evaluate", photos),
        ("evaluate",),
        ("label-errors",),
        ("next",),
        ("sort", photos, "--to", sorted_photos, "--dry-run"),
        ("sort", photos, "--to", sorted_photos),
        ("sort", photos, "--to", sorted_photos, "--only-sure"),
        ("history",),
        ("history", "1"),
        ("history", "7"),
        ("verify",),
        ("undo",),
        ("undo", "1"),
        ("export", tmp_path / "model.safetensors"),
        ("import", tmp_path / "model.safetensors"),
        ("models", "--note", "2", "red"),
        ("models", "--prune", "9"),
        ("models", "--compare", "starter", "1"),
        ("recover",),
        ("sort", photos, "--to", photos),
    )
    for words in lines:
        out, err = run(*words)
        assert "⟦" in out + err, words
        assert english_words(out + err, tmp_path) == [], words


@pytest.mark.usefixtures("pseudo_language")
@pytest.mark.parametrize(
    "words", [(), *((verb.name,) for verb in VERBS)], ids=lambda words: words[0] if words else "all"
)
def test_no_help_text_is_beside_the_catalogue(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    shown = re.sub(r"^⟦usage: ⟧.*?(?=⟦)", "", shown)  # arguments, with their names in capitals
    while (without := re.sub(r"⟦[^⟦⟧]*⟧", " ", shown)) != shown:
        shown = without
    shown = re.sub(r"\{[\w,-]+\}", " ", shown)  # the values of an option, of which one may begin like a command
    rest = re.sub(r"\b[A-Z]+\b| -\w\b", " ", OWN_WORDS.sub(" ", shown))
    assert not re.search(r"[^\W\d_]{2}", rest), rest


@pytest.mark.usefixtures("pseudo_language")
@pytest.mark.parametrize(
    "words",
    [
        ("predict",),
        ("predict", "a.jpg", "--device"),
        ("predict", "a.jpg", "--device", "tpu"),
        ("predict", "a.jpg", "--json=yes"),
        ("label", "a.jpg", "--as", "red", "--not-mine"),
        ("models", "--compare", "1"),
        ("sort", "photos"),
        ("check", "photos", "--answers"),
    ],
    ids=" ".join,
)
def test_no_error_of_the_parser_is_beside_the_catalogue(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    while (without := re.sub(r"⟦[^⟦⟧]*⟧", " ", error)) != error:
        error = without
    rest = re.sub(r"\b[A-Z]+\b|'[^']*'|-\w\b", " ", OWN_WORDS.sub(" ", error))
    assert not re.search(r"[^\W\d_]{2}", rest), rest


def test_json_is_the_same_in_every_language(run: Run, photos: Path, pseudo: Callable[[], None]) -> None:
    english = run("predict", photos, "--json")[0]
    pseudo()
    assert run("predict", photos, "--json")[0] == english
    assert json.loads(english.splitlines()[-1])["summary"]["unreadable"] == 1


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Changes the language of the next command."""
    yield lambda: monkeypatch.setattr("flowersorter.cli.use_translations", lambda: set_translations(PSEUDO))
    set_translations(None)
