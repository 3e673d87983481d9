"""How commands speak: answers on standard output, everything else on standard error, errors in one sentence."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
import typer
from pydantic import BaseModel
from rich.console import Console
from rich.progress import Progress, ProgressColumn
from rich.table import Table
from rich.text import Text

from api.cli.exits import FORESEEN, Exit, exit_of
from domain.book import BookTime
from domain.personal import Personal, PersonalState

PIPED_WIDTH = 200
LEAST_WIDTH = 20
logger = logging.getLogger("daybook")


class Terminal:
    """Where one command's words go. With `json`, standard output holds its answer as one JSON document and no more."""

    def __init__(self, *, json: bool = False, quiet: bool = False) -> None:
        self.json = json
        self.quiet = quiet
        self.mark = ""
        """What is to stand in front of every line of an answer for people, since it is true of each."""
        self._out = _console(stderr=False)
        self._err = _console(stderr=True)

    @property
    def width(self) -> int:
        """How many columns answers have; a pipe has many."""
        return self._out.width

    @property
    def watched(self) -> bool:
        """Whether somebody is there to watch a progress bar."""
        return self._err.is_terminal and not self.quiet and not self.json

    def say(self, message: str) -> None:
        """Something for a person to know meanwhile."""
        if not self.quiet:
            self._err.print(clean(message), markup=False, highlight=False, soft_wrap=True)

    def complain(self, message: str) -> None:
        """Why it did not go well."""
        text = Text.assemble(("daybook: ", "bold red"), clean(" ".join(message.split())))
        self._err.print(text, soft_wrap=True)

    def aside(self, data: Mapping[str, Any]) -> None:
        """Something for a program to know meanwhile, as a line of JSON on standard error."""
        sys.stderr.write(json_of(data, indented=False) + "\n")
        sys.stderr.flush()

    def answer(self, data: Mapping[str, Any]) -> None:
        """The answer as JSON, when it was asked for so."""
        if self.json:
            sys.stdout.write(json_of(data) + "\n")
            sys.stdout.flush()

    def line(self, data: Mapping[str, Any]) -> None:
        """One of many answers as JSON, on a line of its own, as soon as there is one."""
        sys.stdout.write(json_of(data, indented=False) + "\n")
        sys.stdout.flush()

    def stream(
        self,
        head: Mapping[str, Any],
        name: str,
        items: Iterable[Mapping[str, Any]],
        foot: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        """The answer as JSON with a field of many items, each written as soon as there is one, on a line of its own;
        `foot` has the fields that are known only after them."""
        sys.stdout.write(f'{json_of(head).removesuffix("}").rstrip()},\n  "{name}": [')
        for place, item in enumerate(items):
            sys.stdout.write(f"{',' if place else ''}\n    {json_of(item, indented=False)}")
        last = "".join(f',\n  "{field}": {json_of(value, indented=False)}' for field, value in foot().items())
        sys.stdout.write(f"\n  ]{last}\n}}\n")
        sys.stdout.flush()

    def show(self, *parts: Table | Text | str) -> None:
        """The answer for a person, unless JSON was asked for."""
        if self.json:
            return
        for part in parts:
            shown = clean(part) if isinstance(part, str) else part
            if self.mark:
                self._marked(shown, soft_wrap=not isinstance(part, Table))
            else:
                self._out.print(shown, markup=False, highlight=False, soft_wrap=not isinstance(part, Table))

    def _marked(self, part: Table | Text | str, *, soft_wrap: bool) -> None:
        """The same with the mark in front of each line."""
        width = max(LEAST_WIDTH, self.width - len(self.mark) - 1)
        with self._out.capture() as captured:
            self._out.print(part, markup=False, highlight=False, soft_wrap=soft_wrap, width=width)
        lines = captured.get().removesuffix("\n").split("\n")
        self._out.file.write("".join(f"{self.mark} {line}\n" for line in lines))

    def stamp(self, book: str, time: BookTime) -> None:
        """Marks the answer when it comes out of a simulated book."""
        if time is BookTime.SIMULATED:
            self.show(
                Text(f"SIMULATED BOOK {book}: its times are its writers', and nothing in it need be so.", "yellow")
            )

    def progress(self, *columns: str | ProgressColumn) -> Progress:
        """A progress bar on standard error; nothing at all where nobody watches it."""
        return Progress(*columns, console=self._err, transient=True, disable=not self.watched)


@contextmanager
def answering(terminal: Terminal) -> Iterator[None]:
    """Turns an error into its sentence and its exit code. Raises: typer.Exit."""
    logging.getLogger("psycopg.pool").setLevel(
        logging.CRITICAL
    )  # each try of each connection; what comes of it is told
    try:
        yield
    except KeyboardInterrupt as error:
        terminal.say(str(error) or "Ended by Ctrl-C.")
        raise typer.Exit(Exit.INTERRUPTED) from error
    except FORESEEN as error:
        terminal.complain(str(error))
        raise typer.Exit(exit_of(error)) from error
    except BrokenPipeError:
        raise
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:  # the door: whatever went wrong is logged, and told as a fault
        if exit_of(error) is Exit.DISK_FULL:
            terminal.complain(f"A disk is full: {error}. Make room there and try again.")
            raise typer.Exit(Exit.DISK_FULL) from error
        logger.error("A fault in Daybook", exc_info=error)
        terminal.complain(f"A fault in Daybook, not in what you asked: {type(error).__name__}: {error}")
        raise typer.Exit(Exit.FAULT) from error


def table(*columns: str, right: Sequence[str] = ()) -> Table:
    """An empty table; the columns in `right` hold figures."""
    made = Table(box=None, pad_edge=False, header_style="bold", show_header=any(columns))
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def add_row(to: Table, *cells: object) -> None:
    """One row of whatever, as plain text: what customers write is never markup, nor an order to the terminal."""
    to.add_row(*(Text("" if cell is None else clean(str(cell))) for cell in cells))


def clean(text: str) -> str:
    """The text with control characters made visible, but for the line feed."""
    return "".join(
        character if character == "\n" or character.isprintable() or ord(character) >= 0xA0
        else f"\\x{ord(character):02x}"
        for character in text
    )  # fmt: skip


def shown(personal: Personal[Any] | None) -> str | None:
    """A personal value for people: itself, or the word for why it cannot be read."""
    if personal is None:
        return None
    return str(personal.value) if personal.state is PersonalState.OPEN else f"({personal.state})"


def json_of(data: Any, *, indented: bool = True) -> str:
    """JSON, keys in the order in which the answer has them, instants in UTC."""
    options = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS | (orjson.OPT_INDENT_2 if indented else 0)
    return orjson.dumps(data, _plain, option=options).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, Personal):
        opened = value.value if value.state is PersonalState.OPEN else None
        return {"state": value.state, "value": opened}
    if isinstance(value, BaseModel):
        return {name: getattr(value, name) for name in type(value).model_fields}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return value._asdict()
    if isinstance(value, (tuple, frozenset, set)):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def _console(*, stderr: bool) -> Console:
    """A pipe has no width of its own: wide enough that no table is cut."""
    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=PIPED_WIDTH)
