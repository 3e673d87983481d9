"""`daybook policy`: policies checked, proposed, published, turned down and withdrawn, and the list of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from pydantic import ValidationError

from api.cli.approving import not_by_who_asks
from api.cli.exits import Exit, WrongUse
from api.cli.past import AskedPast, as_data, with_standards
from api.cli.terminal import Terminal, add_row, table
from api.past_standards import in_force, past_policies
from api.policies import Found, PolicyFile, UnreadableFile, as_day, library_policy, read_policy
from api.policy_words import both
from api.present import present
from api.workspace import Workspace
from domain.book import id_of_book
from domain.envelope import Actor, ActorKind, Submission
from domain.event import Command
from domain.policy import (
    ApprovePolicyWithdrawal,
    DeclinePolicy,
    ProposePolicy,
    PublishPolicy,
    RequestPolicyWithdrawal,
    stream_of_policies,
)
from domain.policy_events import BookPolicies, PolicyProposed, PolicyPublished, Request
from domain.sla.check import Severity
from domain.sla.policy import PolicyDocument
from domain.sla.zones import zone
from ledger.ledger import Ledger
from ledger.outcome import Accepted

CHANNEL = "command-line"
NOW = AskedPast()
RECEIVED = "for what is received at"
"""What a policy is in force for at the second of two instants."""
OPTIONS: Mapping[str, str] = {
    "requested_by": "--by",
    "declined_by": "--by",
    "approved_by": "--by",
    "effective_from": "--effective",
    "effective_before": "--before",
}
"""The options behind the fields of commands, where they are not called the same."""


class Asked(NamedTuple):
    """A policy that somebody wants to hold."""

    document: PolicyDocument
    effective: date | None
    """None is today, in the policy's zone."""
    before: date | None
    reassign: bool
    reason: str
    by: str


def file_of(path: Path | None, shipped: str | None) -> PolicyFile:
    """The file that was named, or the policy of the library. Raises: WrongUse."""
    try:
        if path is not None and shipped is None:
            return read_policy(path)
        if shipped is not None and path is None:
            return library_policy(shipped)
    except UnreadableFile as error:
        raise WrongUse(str(error)) from None
    raise WrongUse("Name either a FILE or a policy of the library by --library.")


def document_in(file: PolicyFile) -> PolicyDocument:
    """The policy in a file. Raises: WrongUse, with every mistake and its line."""
    mistakes = file.mistakes()
    if mistakes:
        raise WrongUse(f"The policy {file.name} is not right: {'; '.join(map(told, mistakes))}")
    return file.document()


def told(found: Found) -> str:
    """A problem in one line: where, and what."""
    place = found.problem.place or "the whole"
    line = "" if found.line is None else f"line {found.line}, "
    return f"{line}{place}: {found.problem.message}"


def day(text: str | None, option: str) -> date | None:
    """A day as it was typed. Raises: WrongUse."""
    try:
        return None if text is None else as_day(text)
    except ValidationError:
        raise WrongUse(f"{option} {text!r} is no date; write one such as 2026-01-01.") from None


def check(terminal: Terminal, paths: list[Path]) -> Exit:
    """Tells all that is wrong with some files; how to end. Raises: WrongUse when one cannot be read."""
    files = [file_of(path, None) for path in paths]
    found = [(file, file.problems()) for file in files]
    terminal.answer({"files": [{"file": file.name, "problems": list(map(_as_data, each))} for file, each in found]})
    wrong = False
    for file, each in found:
        for one in each:
            warning = "" if one.problem.severity is Severity.MISTAKE else "warning: "
            terminal.show(f"{file.name}: {warning}{told(one)}")
        bad = any(one.problem.severity is Severity.MISTAKE for one in each)
        wrong = wrong or bad
        if not bad:
            document = file.document()
            terminal.show(
                f"{file.name}: {document.name}, {len(document.rules)} rules, {len(document.targets)} targets; right."
            )
    return Exit.USAGE if wrong else Exit.DONE


def _as_data(found: Found) -> dict[str, Any]:
    problem = found.problem
    return {
        "line": found.line,
        "place": problem.place,
        "severity": problem.severity,
        "message": problem.message,
    }


def state_of(ledger: Ledger) -> BookPolicies:
    """The policies of a book, as they are by now."""
    stream = stream_of_policies(ledger.book)
    state: BookPolicies = ledger.tips([stream])[stream].state
    return state


def propose(workspace: Workspace, terminal: Terminal, asked: Asked) -> None:
    """Proposes a policy. Raises: WrongUse, Refused."""
    proposal = _proposed(workspace, terminal, asked)
    listed(workspace, terminal)
    if proposal is not None:
        terminal.say(f"Proposed; somebody else publishes it: daybook policy approve {proposal} --by NAME.")


def publish(workspace: Workspace, terminal: Terminal, asked: Asked, approved_by: str) -> None:
    """Proposes a policy and publishes it. Raises: WrongUse, Refused."""
    not_by_who_asks(workspace.ledger, asked.by, approved_by)
    proposal = _proposed(workspace, terminal, asked)
    if proposal is not None:
        _approved(workspace, proposal, approved_by)
    listed(workspace, terminal)


def approve(workspace: Workspace, terminal: Terminal, request: int, by: str) -> None:
    """Approves a proposal or the request for a withdrawal. Raises: WrongUse, Refused."""
    _written(terminal, _approved(workspace, request, by))
    listed(workspace, terminal)


def decline(workspace: Workspace, terminal: Terminal, request: int, reason: str, by: str) -> None:
    """Turns a request down. Raises: WrongUse, Refused."""
    _written(terminal, _carried_out(workspace, DeclinePolicy, by, request=request, reason=reason, declined_by=by))
    listed(workspace, terminal)


def withdraw(workspace: Workspace, terminal: Terminal, name: str, before: date, reason: str, by: str) -> None:
    """Asks for a withdrawal. Raises: WrongUse, Refused."""
    asked = {"name": name, "effective_before": before, "reason": reason, "requested_by": by}
    _written(terminal, _carried_out(workspace, RequestPolicyWithdrawal, by, **asked))
    listed(workspace, terminal)


def _proposed(workspace: Workspace, terminal: Terminal, asked: Asked) -> int | None:
    """The number of the proposal; None when it changes nothing, and nothing was written."""
    ledger, document = workspace.ledger, asked.document
    content = {
        "document": document,
        "effective_from": asked.effective or present(ledger).astimezone(zone(document.zone)).date(),
        "effective_before": asked.before,
        "reason": asked.reason,
        "requested_by": asked.by,
    }
    _written(terminal, _carried_out(workspace, ProposePolicy, asked.by, **content, reassign=asked.reassign))
    proposal = PolicyProposed.model_validate(content | {"reassigns": asked.reassign})
    return next((request.version for request in state_of(ledger).pending if request.asked == proposal), None)


def _approved(workspace: Workspace, request: int, by: str) -> Accepted:
    known = state_of(workspace.ledger).request(request)
    if known is not None and not isinstance(known.asked, PolicyProposed):
        return _carried_out(workspace, ApprovePolicyWithdrawal, by, request=request, approved_by=by)
    return _carried_out(workspace, PublishPolicy, by, proposal=request, approved_by=by)


def _carried_out(workspace: Workspace, kind: type[Command], by: str, **content: Any) -> Accepted:
    """Raises: WrongUse, by the option at fault; Refused."""
    ledger = workspace.ledger
    try:
        command = kind.model_validate({"at": present(ledger), "book_id": id_of_book(ledger.book), **content})
    except ValidationError as error:
        (fault, *_) = error.errors(include_url=False)
        name = str(fault["loc"][0]) if fault["loc"] else "effective_before"
        message = str(fault["msg"]).removeprefix("Value error, ")
        raise WrongUse(f"{OPTIONS.get(name, f'--{name}')}: {message[:1].lower()}{message[1:]}.") from None
    actor = Actor(by, ActorKind.PERSON)
    return ledger.carry_out(Submission(uuid4(), (command,), actor, CHANNEL, said_at=command.at, times_stated=False))


def _written(terminal: Terminal, accepted: Accepted) -> None:
    if not accepted.placed:
        terminal.say("It is so already; nothing was written.")


def listed(workspace: Workspace, terminal: Terminal, asked: AskedPast = NOW) -> None:
    """Shows all versions of all policies, which of them are in force, and the requests that wait.

    Raises: NotFound, WrongUse.
    """
    ledger = workspace.ledger
    as_of = asked.as_of(ledger, ahead=True)
    state = past_policies(ledger, as_of)
    versions, waiting = _versions(state, as_of.valid_at), list(map(_waiting, state.pending))
    terminal.answer({
        "book": ledger.book, "time": ledger.time, **as_data(as_of), "policies": versions, "requests": waiting,
    })  # fmt: skip
    terminal.stamp(ledger.book, ledger.time)
    if not asked.is_now:
        terminal.show(with_standards(asked.stated(as_of, RECEIVED), as_of))
    if not state.versions and not state.pending:
        shipped = "; `daybook policy library` shows some that ship" if asked.is_now else " as known then"
        terminal.show(f"Book {ledger.book} has no policy{shipped}.")
        return
    shown = table("name", "version", "regime", "from", "before", "", "known since", "approved by", "title",
                  right=("version",))  # fmt: skip
    for row in versions:
        add_row(shown, row["name"], row["version"], row["regime"], row["effective_from"], row["effective_before"],
                "*" if row["in_force"] else "", f"{row['known_at']:%Y-%m-%d %H:%M}Z", row["approved_by"],
                row["title"])  # fmt: skip
    if versions:
        terminal.show(shown)
    if any(row["in_force"] for row in versions):
        terminal.show("* in force")
    requests = table("request", "what", "name", "day", "asked by", "reason", right=("request",))
    for row in waiting:
        add_row(requests, row["request"], row["what"], row["name"], row["day"], row["requested_by"], row["reason"])
    if waiting:
        terminal.show("Waiting for somebody's approval:", requests)


def approval_of(state: BookPolicies, name: str, version: int) -> PolicyPublished | None:
    """How a version was published."""
    answers = (request.answer for request in state.requests)
    return next(
        (
            answer
            for answer in answers
            if isinstance(answer, PolicyPublished) and (answer.name, answer.version) == (name, version)
        ),
        None,
    )


def _versions(state: BookPolicies, received_at: datetime) -> list[dict[str, Any]]:
    found, held = [], {(each.name, each.version) for each in in_force(state, received_at)}
    for one in state.versions:
        approval = approval_of(state, one.name, one.version)
        found.append({
            "name": one.name, "version": one.version, "regime": one.document.regime,
            "effective_from": one.effective_from, "effective_before": one.effective_before,
            "in_force": (one.name, one.version) in held, "known_at": one.known_at,
            "approved_by": approval.approved_by if approval else None, "title": both(one.document.title),
        })  # fmt: skip
    return found


def _waiting(request: Request) -> dict[str, Any]:
    asked = request.asked
    proposes = isinstance(asked, PolicyProposed)
    return {
        "request": request.version, "what": "publish" if proposes else "withdraw", "name": request.name,
        "day": asked.effective_from if isinstance(asked, PolicyProposed) else asked.effective_before,
        "requested_by": asked.requested_by, "reason": asked.reason,
    }  # fmt: skip
