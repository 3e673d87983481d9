"""`daybook case`: where a case stands, by now or as of two instants, and everything that happened to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from api.cli.exits import NotFound, WrongUse
from api.cli.options import Book, Json, Known, Valid, Whose
from api.cli.past import AskedPast
from api.cli.period import From, RecordedFrom, RecordedTo, To, instant
from api.cli.terminal import Terminal, answering
from replay.as_of import KnownBy

if TYPE_CHECKING:
    from api.workspace import Workspace
    from ledger.ledger import Ledger
    from replay.history import StepFilter

Topics = Annotated[
    list[str] | None,
    typer.Option("--topic", metavar="EVENT", help="Only such events, such as case-resolved; may be repeated."),
]
ByActor = Annotated[str | None, typer.Option("--actor", metavar="NAME", help="Only what this actor did.")]
Amended = Annotated[bool, typer.Option("--amended", help="Only what somebody asked to correct or to make void.")]
Departed = Annotated[bool, typer.Option("--departures", help="Only what left the declared life.")]
SkipUnknown = Annotated[
    bool,
    typer.Option(
        "--skip-unknown",
        help="Read on past events that this program cannot read; every line says how many are missing.",
    ),
]


class Asked(NamedTuple):
    """Which steps are asked for, as typed."""

    topics: Sequence[str] = ()
    actor: str | None = None
    since: str | None = None
    until: str | None = None
    recorded_from: str | None = None
    recorded_to: str | None = None
    amended: bool = False
    departed: bool = False

    def where(self, ledger: Ledger) -> StepFilter:
        """The filter. Raises: WrongUse."""
        from api.cli.auditing import topics
        from api.cli.case import is_text
        from replay.history import StepFilter

        if self.actor is not None and not is_text(self.actor):
            raise WrongUse(f"{self.actor!r} is no text; write the name in the encoding of this terminal.")
        return StepFilter(
            topics=tuple(dict.fromkeys(topic for told in self.topics for topic in topics(told))),
            actor=self.actor,
            occurred_from=instant(self.since, ledger.zone, "--from"),
            occurred_before=instant(self.until, ledger.zone, "--to", days=1),
            recorded_from=instant(self.recorded_from, ledger.zone, "--recorded-from"),
            recorded_before=instant(self.recorded_to, ledger.zone, "--recorded-to", days=1),
            amended=self.amended,
            departed=self.departed,
        )


def case(
    name: Annotated[str, typer.Argument(help="Its register number, its key where it came from, or its id.")],
    known: Known = None,
    valid: Valid = None,
    by: Whose = KnownBy.LEDGER,
    topic: Topics = None,
    actor: ByActor = None,
    since: From = None,
    until: To = None,
    recorded_from: RecordedFrom = None,
    recorded_to: RecordedTo = None,
    amended: Amended = False,
    departures: Departed = False,
    skip_unknown: SkipUnknown = False,
    book: Book = None,
    json: Json = False,
) -> None:
    """Show where a case stands, by now or as it was known, and everything that happened to it, step by step.

    Each event is told as it was written, with the correction by which it is read otherwise beneath it, what it changed,
    and the clocks that stood otherwise after it. --known and --valid say as known when and as far as it had occurred
    by when.
    """
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.settings import Settings
        from api.workspace import Workspace

        past = AskedPast(known, valid, by)
        asked = Asked(topic or (), actor, since, until, recorded_from, recorded_to, amended, departures)
        with Workspace(Settings.from_environment(), book=book, told=terminal.say) as workspace:
            run(workspace, terminal, name, past, asked, skip_unknown=skip_unknown)


def run(
    workspace: Workspace, terminal: Terminal, name: str, past: AskedPast, asked: Asked, *, skip_unknown: bool = False
) -> None:
    """Answers. Raises: NotFound, WrongUse; UnknownTopic or UnreadableEvent, unless these are to be skipped."""
    from api.case_history import NoCase, NotYetKnown, case_history, everything
    from api.cli import history_data, history_shown
    from api.cli.case import find
    from ledger.errors import UnknownTopic, UnreadableEvent

    ledger = workspace.ledger
    where, case_id = asked.where(ledger), find(workspace, name)
    as_of = everything(ledger) if past.is_now else past.as_of(ledger)
    try:
        with watching(terminal) as watch:
            history = case_history(ledger, case_id, as_of, where, skip_unknown=skip_unknown, watch=watch)
    except NotYetKnown as error:
        raise NotFound(f"Nothing of case {name!r} in book {ledger.book!r} {error}.") from None
    except NoCase as error:
        if str(error):
            raise NotFound(f"Case {name!r} has events in book {ledger.book!r}, but {error}.") from None
        raise NotFound(f"There is no case {name!r} in book {ledger.book!r}.") from None
    except (UnknownTopic, UnreadableEvent) as error:
        raise type(error)(f"{error} `daybook case --skip-unknown` shows what it can read beside that.") from None
    stated = None if past.is_now else as_of
    if terminal.json:
        terminal.answer(history_data.answer(ledger, history, stated))
    else:
        history_shown.show(terminal, ledger, history, stated)
    if not history.clocks_at_each:
        terminal.say(
            "The clocks are told at the first step and the last only, since at each it would take long; --from, --to "
            "and --topic narrow the steps down."
        )


@contextmanager
def watching(terminal: Terminal) -> Iterator[Any]:
    """What goes through the moments at which clocks are worked out, with a bar for whoever watches."""
    with terminal.progress() as bar:

        def watch(moments: Sequence[Any]) -> Iterable[Any]:
            return bar.track(moments, description="Clocks, step by step")

        yield watch
