"""`daybook review sample`: a random sample that anybody can draw again, with totals of control."""

from __future__ import annotations

from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from api.cli.case import is_text, readable
from api.cli.exits import NotFound, WrongUse
from api.cli.past import AskedPast, as_data, stated
from api.cli.period import instant
from api.cli.terminal import Terminal, add_row, table
from api.populations import CannotSample, Population, Wanted, members, shown_up_to
from api.workspace import Workspace
from domain.case.state import Status
from domain.case.vocabulary import CaseKind
from domain.money import Money
from ledger.ledger import Ledger
from replay.as_of import AsOf
from replay.sample import METHOD, Sample, Sampling


class Asked(NamedTuple):
    """What is asked."""

    population: Population
    since: str | None
    until: str | None
    kinds: tuple[CaseKind, ...]
    statuses: tuple[Status, ...]
    unit: str | None
    past: AskedPast


def sampling(seed: str, size: int) -> Sampling:
    """What draws. Raises: WrongUse for a seed that cannot be told from another one."""
    if not is_text(seed) or not seed.strip() or "\n" in seed:
        raise WrongUse(f"--seed {seed!r} is no seed; write a line of text or digits, such as 7319.")
    return Sampling(seed, size)


def run(workspace: Workspace, terminal: Terminal, asked: Asked, drawing: Sampling) -> None:
    """Answers. Raises: NotFound, WrongUse, LedgerAway."""
    ledger = workspace.ledger
    if asked.unit is not None and not is_text(asked.unit):
        raise WrongUse(f"--unit {asked.unit!r} is no text; write the name in the encoding of this terminal.")
    wanted = Wanted(
        asked.population,
        instant(asked.since, ledger.zone, "--from"),
        instant(asked.until, ledger.zone, "--to", days=1),
        asked.kinds,
        asked.unit,
        asked.statuses,
    )
    try:
        as_of = _as_of(ledger, asked)
        _draw(ledger, terminal, wanted, as_of, drawing)
    except CannotSample as error:
        raise WrongUse(str(error)) from None
    found = drawing.drawn()
    terminal.answer(sample_data(ledger, wanted, as_of, found))
    terminal.stamp(ledger.book, ledger.time)
    _show(terminal, ledger, wanted, as_of, found)


def _as_of(ledger: Ledger, asked: Asked) -> AsOf:
    """Both instants; of what is read from the audit trail no more is known than that shows."""
    if asked.population.is_folded or asked.past.known is not None:
        return asked.past.as_of(ledger)
    shown = shown_up_to(ledger)
    if shown == 0:
        raise NotFound(f"Book {ledger.book!r} has not been read into its views; `daybook project` does that.")
    return asked.past._replace(known=shown).as_of(ledger)


def _draw(ledger: Ledger, terminal: Terminal, wanted: Wanted, as_of: AsOf, drawing: Sampling) -> None:
    columns = (TextColumn("{task.fields[members]:,} in the population"), BarColumn(), TaskProgressColumn())
    with terminal.progress(*columns, TimeRemainingColumn()) as progress:
        task, count = progress.add_task("", total=as_of.position, members=0), 0
        for part in members(ledger, wanted, as_of):
            for member in part.members:
                drawing.add(member)
            count += len(part.members)
            progress.update(task, completed=part.position, members=count)


def sample_data(ledger: Ledger, wanted: Wanted, as_of: AsOf, found: Sample) -> dict[str, Any]:
    """The sample for programs: the same for the same question, whoever asks and wherever."""
    return {
        "book": ledger.book,
        "time": ledger.time,
        **as_data(as_of),
        "population": wanted.population,
        "from": wanted.since,
        "before": wanted.before,
        "kinds": wanted.kinds,
        "statuses": wanted.statuses,
        "unit": wanted.unit,
        "method": METHOD,
        "seed": found.seed,
        "size": found.size,
        "totals": {
            "count": found.total,
            "numbered": found.numbered,
            "first_number": None if found.first_number is None else str(found.first_number),
            "last_number": None if found.last_number is None else str(found.last_number),
            "amounts": found.amounts,
            "digest": found.digest,
        },
        "sample": [
            {
                "place": each.place,
                "id": each.member.id,
                "key": each.key,
                "number": None if each.member.number is None else str(each.member.number),
                "amount": None if each.member.amount is None else each.member.amount,
                **each.member.told,
            }
            for each in found.drawn
        ],
    }


def _show(terminal: Terminal, ledger: Ledger, wanted: Wanted, as_of: AsOf, found: Sample) -> None:
    zone = ZoneInfo(ledger.zone)
    terminal.show(
        f"Population: {wanted.population}, {found.total:,} in all. Sample: {len(found.drawn):,}, by seed {found.seed}.",
        stated(as_of),
    )
    totals = table("total of control", "", right=())
    add_row(totals, "count", f"{found.total:,}")
    if found.numbered:
        add_row(totals, "numbers", f"{found.first_number} to {found.last_number}, {found.numbered:,} of them")
    for amount in found.amounts:
        sum_ = readable(Money.model_construct(minor_units=amount.minor_units, currency=amount.currency), zone)
        add_row(totals, "redress", f"{sum_}, in {amount.members:,} of them")
    add_row(totals, "digest (SHA-256)", found.digest)
    terminal.show("", totals)
    if found.drawn:
        names = list(found.drawn[0].member.told)
        rows = table("place", "number", *(name.replace("_", " ") for name in names), "key", right=("place",))
        for each in found.drawn:
            told = (_cell(value, zone) for value in each.member.told.values())
            add_row(rows, each.place, each.member.number, *told, each.key[:12])
        terminal.show("", rows)
    terminal.show("", f"Drawn by {METHOD}.")
    if len(found.drawn) < found.size:
        terminal.say(f"The population has fewer than the {found.size:,} asked for: all of it was drawn.")


def _cell(value: Any, zone: ZoneInfo) -> str:
    return "" if value is None else readable(value, zone)
