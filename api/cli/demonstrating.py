"""`daybook demo`: the demo's book filled, its views brought up to date, served, and a tour of it."""

from __future__ import annotations

from contextlib import ExitStack

from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from api.access.configured import demonstrating_gate
from api.cli.projecting import catch_up
from api.cli.serving import DEVELOPER, bound, serve, url_of
from api.cli.terminal import Terminal
from api.demo.fill import demo_settings, empty, fill, new_book, this_year, year_in
from api.demo.group import BOOK
from api.demo.tour import Numbers, commands, numbers, questions
from api.demo.year import Year
from api.settings import Settings
from api.workspace import Workspace

HOST = "127.0.0.1"
INSECURE = (
    "What is not secure here: the database's roles have no passwords (its socket is open to this account alone), the "
    "master key lies beside the data, and without sign-in whoever is on this machine acts as `developer`."
)


def run(settings: Settings, terminal: Terminal, *, cases: int, seed: int, port: int | None, fresh: bool) -> None:
    """Fills, and serves unless there is no port."""
    own = demo_settings(settings)
    wanted = this_year(seed, cases)
    with ExitStack() as opened:
        listening = None if port is None else opened.enter_context(bound(HOST, port))
        if fresh:
            empty(own)
        terminal.say(f"Starting a PostgreSQL in {own.data} ...")
        workspace = opened.enter_context(
            Workspace(own, new_book=new_book(wanted), writes=True, longest=own.longest, told=terminal.say)
        )
        year = _filled(workspace, terminal, wanted)
        catch_up(workspace, terminal)
        told = numbers(workspace.ledger)
        if listening is None:
            _tell(workspace, terminal, year, told, None)
            return
        url = url_of(listening)
        gate = demonstrating_gate(settings, BOOK, DEVELOPER)
        serve(workspace, listening, gate, lambda: _tell(workspace, terminal, year, told, url))


def _filled(workspace: Workspace, terminal: Terminal, wanted: Year) -> Year:
    """The year that the book holds, all of it told."""
    year = year_in(workspace.ledger)
    if year != wanted:
        terminal.say(
            f"The demo's book was filled with {year.cases} cases up to {year.upto} (seed {year.seed}), and stays so; "
            "`daybook demo --fresh` throws it away and fills it anew."
        )
    columns = (TextColumn("a year, told to the ledger"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with terminal.progress(*columns) as progress:
        task = progress.add_task("", total=None)
        fill(
            workspace.ledger,
            workspace.views,
            year,
            lambda told, of: progress.update(task, completed=told, total=of),
        )
    return year


def _tell(workspace: Workspace, terminal: Terminal, year: Year, told: Numbers, url: str | None) -> None:
    ledger = workspace.ledger
    asked = questions(told)
    lines = commands(told, workspace.settings.data)
    terminal.answer(
        {
            "url": url,
            "book": BOOK,
            "time": ledger.time,
            "cases": year.cases,
            "seed": year.seed,
            "upto": year.upto,
            "position": ledger.head(),
            "queries": {name: question.query for name, question in asked.items()},
            "commands": lines,
        }
    )
    terminal.stamp(BOOK, ledger.time)
    terminal.show(f"{year.cases} cases of an invented group up to {year.upto}: {ledger.head()} events in {BOOK!r}.")
    if url is None:
        terminal.show("`daybook demo` serves them.")
        return
    terminal.show(f"GraphQL, and a page to try it on: {url}")
    for question in asked.values():
        terminal.show("", question.about, question.query, "", question.curl(url))
    terminal.show("", "The same book in a shell", *lines)
    terminal.show("")
    terminal.say(INSECURE)
    terminal.say("Ctrl-C ends it.")
