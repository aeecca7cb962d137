"""Reads a command line with options anywhere, and suggests the word that was probably meant."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from flowersorter.messages import Text, joined_texts, plural, text, worded

_END_OF_OPTIONS = "--"
_OWNERS_NAMED = 3
_NEGATIVE_NUMBER = re.compile(r"-\d+(\.\d*)?|-\.\d+")
#: The errors that argparse words itself, for the catalogue.
_ERRORS_OF_ARGPARSE = (
    text("argument %(argument_name)s: %(message)s"),
    text("the following arguments are required: %s"),
    text("expected one argument"),
    text("expected at least one argument"),
    plural("expected %s argument", "expected %s arguments", 2),
    text("invalid choice: %(value)r (choose from %(choices)s)"),
    text("not allowed with argument %s"),
    text("one of the arguments %s is required"),
    text("ignored explicit argument %r"),
)
# argparse asks gettext's own catalogue, which has none of the program's languages, also for texts that are None.
vars(argparse).update(
    _=lambda message: message and worded(message),
    ngettext=lambda one, many, number: worded(Text(one, {"number": number}, many)),
)


class UsageError(Exception):
    """A command line that the program does not understand.

    Args:
        parser: The parser whose usage helps: that of the command, else that of the program.
        problem: One sentence without a full stop, lower case.
    """

    def __init__(self, parser: argparse.ArgumentParser, problem: str) -> None:
        super().__init__(problem)
        self.text = parser.format_usage() + worded(
            text("{program}: error: {problem}", program=parser.prog, problem=problem)
        )


class Help(argparse.HelpFormatter):
    """Words the texts of a parser in the person's language when the help is shown."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        """Show the forms of the command."""
        super().add_usage(usage, actions, groups, worded(text("usage: ")) if prefix is None else prefix)

    def add_text(self, text: str | None) -> None:
        """Show a paragraph."""
        super().add_text(worded(text) if isinstance(text, Text) else text)

    def start_section(self, heading: str | None) -> None:
        """Show a heading."""
        super().start_section(worded(heading) if isinstance(heading, Text) else heading)

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return worded(action.help) if isinstance(action.help, Text) else action.help


class RawHelp(Help, argparse.RawDescriptionHelpFormatter):
    """Formats help as `Help` does, but paragraphs keep their lines."""


class LineParser(argparse.ArgumentParser):
    """An argparse parser that takes options before, between and after the arguments, and raises `UsageError`s.

    Args:
        texts: As for `argparse.ArgumentParser`, translatable.
    """

    def __init__(self, *, formatter_class: type[Help] = Help, **texts: Any) -> None:
        super().__init__(formatter_class=formatter_class, add_help=False, **texts)
        self._positionals.title = text("positional arguments")
        self._optionals.title = text("options")
        self.add_argument("-h", "--help", action="help", help=text("show this help message and exit"))

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing and ending the process.

        Raises:
            UsageError: always.
        """
        raise UsageError(self, message)

    def knows(self, option: str) -> bool:
        """Whether this is one of the parser's options; a value may be attached ("--to=DIR", "-n5")."""
        name = option.partition("=")[0] if option.startswith("--") else option[:2]
        return name in self._option_string_actions

    def word_positions(self, arguments: Sequence[str]) -> list[int]:
        """Find the words that are neither options nor their values; after ``--`` every argument is one."""
        positions: list[int] = []
        at = 0
        while at < len(arguments):
            if arguments[at] == _END_OF_OPTIONS:
                return [*positions, *range(at + 1, len(arguments))]
            if not is_option(arguments[at]):
                positions.append(at)
            else:
                at += self._count_values(arguments[at], arguments[at + 1 :])
            at += 1
        return positions

    def split(self, arguments: Sequence[str]) -> tuple[list[str], list[str]]:
        """Separate the options with their values from the other words; either keeps its order."""
        positions = self.word_positions(arguments)
        others = sorted(set(range(len(arguments))) - set(positions))
        options = [arguments[at] for at in others if arguments[at] != _END_OF_OPTIONS]
        return options, [arguments[at] for at in positions]

    def check_options(self, options: Iterable[str], commands: Mapping[str, LineParser]) -> None:
        """Make sure that the parser has all these options.

        Args:
            options: As `split` returns them: options and their values.
            commands: All commands, to name the one that an option belongs to.

        Raises:
            UsageError: there is no such option; it says which one was probably meant.
        """
        unknown = next((each for each in options if is_option(each) and not self.knows(each)), None)
        if unknown is None:
            return
        name = unknown.partition("=")[0]
        owners = [command for command, parser in commands.items() if parser.knows(name)]
        if owners:
            first = ", ".join(owners[:_OWNERS_NAMED])
            if len(owners) > _OWNERS_NAMED:
                first = text("{commands} and others", commands=first)
            self.error(text("{option} does not go here, but with {commands}", option=name, commands=first))
        meant = suggestion(name, self._option_string_actions)
        self.error(joined_texts("; ", text("there is no option {option}", option=name), *([meant] if meant else [])))

    def parse_anywhere(self, arguments: Sequence[str], commands: Mapping[str, LineParser]) -> argparse.Namespace:
        """Parse arguments and options in any order, which argparse by itself cannot do for several arguments.

        Args:
            arguments: The line without the command.
            commands: As for `check_options`.

        Raises:
            UsageError: an option is unknown, or an argument is wrong, missing or one too many.
        """
        options, words = self.split(arguments)
        self.check_options(options, commands)
        values, rest = self.parse_known_args([*options, _END_OF_OPTIONS, *words] if words else options)
        for surplus in rest:
            if surplus != _END_OF_OPTIONS:
                self.error(text("there is one argument too many: {argument!r}", argument=surplus))
        return values

    def _count_values(self, option: str, following: Sequence[str]) -> int:
        """Count the arguments behind an option that belong to it."""
        action = self._option_string_actions.get(option)
        if action is None:  # unknown, or its value stands behind "="
            return 0
        if isinstance(action.nargs, int):
            most = action.nargs
        else:
            most = 1 if action.nargs in {None, argparse.OPTIONAL} else len(following)
        count = 0
        while count < min(most, len(following)) and not is_option(following[count]):
            count += 1
        return count


def find_command(arguments: Sequence[str], commands: Mapping[str, LineParser]) -> int | None:
    """Find the command on a line: the first word, where options and their values may stand before it.

    Returns:
        Its position, None where the first word is no command.
    """
    for at, argument in enumerate(arguments):
        if argument == _END_OF_OPTIONS:
            break
        if argument in commands and commands[argument].word_positions(arguments)[:1] == [at]:
            return at
    return None


def suggestion(word: str, known: Iterable[str], former: Mapping[str, str] | None = None) -> Text | None:
    """Return "did you mean label?" for a mistyped or a former word.

    Args:
        word: As it was typed.
        known: The valid words.
        former: The valid word by its former form.
    """
    import difflib

    former = former or {}
    nearest = [former[word]] if word in former else difflib.get_close_matches(word, known, n=1)
    return text("did you mean {word}?", word=nearest[0]) if nearest else None


def is_option(argument: str) -> bool:
    """Whether an argument is an option rather than a word; "-" and negative numbers are words."""
    return len(argument) > 1 and argument[0] == "-" and _NEGATIVE_NUMBER.fullmatch(argument) is None
