"""`daybook policy show`, `diff` and `library`: policies as people read them, and how two of them differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
from rich.table import Table

from api.cli.exits import NotFound, WrongUse
from api.cli.past import AskedPast, as_data, with_standards
from api.cli.policies import RECEIVED, approval_of, document_in, file_of, state_of
from api.cli.terminal import Terminal, add_row, table
from api.past_standards import in_force, past_policies
from api.policies import Example, UnreadableFile, library, library_policy, library_text, rules_of_counting
from api.policy_difference import differences
from api.policy_words import (
    bilingual,
    both,
    change_words,
    clock_words,
    escalation_words,
    expiry_words,
    extension_words,
    length_words,
    reminder_words,
    target_words,
    when_words,
)
from api.workspace import Workspace
from domain.policy_events import BookPolicies
from domain.sla.policy import PolicyDocument, Target

DEFAULTS = Target.model_fields


def show(workspace: Workspace, terminal: Terminal, name: str, number: int | None, asked: AskedPast) -> None:
    """Shows a version of a policy: the one that is named, or the one in force. Raises: NotFound, WrongUse."""
    ledger = workspace.ledger
    as_of = asked.as_of(ledger, ahead=True)
    state = past_policies(ledger, as_of)
    versions = state.of(name)
    if not versions:
        known = ", ".join(sorted({each.name for each in state.versions})) or "none"
        raise NotFound(
            f"There was no policy {name!r} in book {ledger.book!r} by position {as_of.position}; there is {known}."
        )
    held = next((each for each in in_force(state, as_of.valid_at) if each.name == name), None)
    version = held or versions[-1]
    if number is not None:
        found = next((each for each in versions if each.version == number), None)
        if found is None:
            raise NotFound(f"{name} has no version {number}; it has 1 to {len(versions)}.")
        version = found
    approval = approval_of(state, name, version.version)
    terminal.answer({
        "book": ledger.book, "time": ledger.time, **as_data(as_of), "name": version.name, "version": version.version,
        "effective_from": version.effective_from, "effective_before": version.effective_before,
        "known_since": version.known_at, "approved_by": approval.approved_by if approval else None,
        "in_force": version == held, "document": version.document.model_dump(mode="json"),
    })  # fmt: skip
    terminal.stamp(ledger.book, ledger.time)
    until = f" until before {version.effective_before}" if version.effective_before else ""
    standing = "in force" if version == held else "not in force"
    if not asked.is_now:
        terminal.show(with_standards(asked.stated(as_of, RECEIVED), as_of))
    terminal.show(
        f"{version.name}, version {version.version}: from {version.effective_from}{until}, "
        f"known since {version.known_at:%Y-%m-%d %H:%M}Z, {standing}"
    )
    _document(terminal, version.document)


def _document(terminal: Terminal, document: PolicyDocument) -> None:
    terminal.show(both(document.title), f"regime {document.regime}, rank {document.rank}, zone {document.zone}, "
                  f"calendar {document.calendar}")  # fmt: skip
    if document.note:
        terminal.show(document.note)
    rules = table("rule", "for", "targets")
    for rule in document.rules:
        add_row(rules, rule.id, when_words(rule.when), ", ".join(rule.targets))
    terminal.show("\nRules (规则); the first that fits has the say:", rules)
    for target in document.targets:
        lines = table("", "")
        for label, value in _lines(target, document):
            add_row(lines, f"  {label}", value)
        terminal.show(f"\n{target.id}: {both(target.title)}", lines)


def _lines(target: Target, document: PolicyDocument) -> Iterator[tuple[str, str]]:
    """A target, line by line; what has its default is left out."""
    if target.statute is not None:
        yield "statutory (法定)", f"{target.statute.clause}; {target.statute.source}"
        if target.statute.unverified is not None:
            yield "not verified (未核实)", target.statute.unverified
    else:
        yield "internal (内部)", target.kind
    yield "time (时限)", bilingual(target_words(target))
    yield "from (起)", target.start
    yield "until (止)", target.stop
    if target.cancel != DEFAULTS["cancel"].default:
        yield "ended by (撤销)", target.cancel
    if target.subject != "case":
        yield "of each", target.subject
    for label, value in (("zone", target.zone), ("calendar", target.calendar)):
        if value and value != getattr(document, label):
            yield label, value
    if target.pauses.grounds:
        yield "pauses (暂停)", ", ".join(target.pauses.grounds)
    for interval in target.pauses.between:
        yield "pauses (暂停)", f"{interval.ground}, from {interval.begins} until {interval.ends}"
    for step in target.extensions:
        yield "extension (延期)", extension_words(step, target.clock)
    if target.cap is not None:
        yield "at most (上限)", f"{length_words(target.cap, target.clock)[0]} in all"
    if target.warnings:
        yield "warnings (预警)", ", ".join(map(reminder_words, target.warnings))
    for rung in target.escalations:
        yield "escalation (升级)", escalation_words(rung)
    if target.boundary is not DEFAULTS["boundary"].default:
        yield "at closing (营业结束)", "due at the next opening (顺延至下次营业开始)"
    if target.on_change is not DEFAULTS["on_change"].default:
        yield "another rule (规则变更)", bilingual(change_words(target))
    yield "expiry (到期)", bilingual(expiry_words(target))
    if target.note:
        yield "note", target.note


def _examples(terminal: Terminal, examples: Sequence[Example]) -> None:
    shown = table("target", "start", "due", "rolled", "note")
    for example in examples:
        add_row(shown, example.target, example.start, example.due, example.rolled, example.note)
    if examples:
        terminal.show("\nWorked examples (示例):", shown)


def difference(workspace: Workspace, terminal: Terminal, names: list[str]) -> None:
    """Shows how two versions of a policy differ, or a policy from what a file says. Raises: NotFound, WrongUse."""
    state = state_of(workspace.ledger)
    if len(names) == 3:
        before, after = (_version(state, names[0], number) for number in names[1:])
    elif len(names) == 2:
        before, after = _version(state, names[1], None), document_in(file_of(Path(names[0]), None))
    else:
        raise WrongUse("Name a policy and two of its versions, or a FILE and the policy to compare it with.")
    changes = differences(before, after)
    terminal.answer({"book": workspace.ledger.book, "time": workspace.ledger.time, "changes": changes})
    terminal.stamp(workspace.ledger.book, workspace.ledger.time)
    shown = table("where", "before", "after")
    for change in changes:
        add_row(shown, change.place, _brief(change.before), _brief(change.after))
    terminal.show(shown if changes else "They say the same.")


def _version(state: BookPolicies, name: str, number: str | None) -> PolicyDocument:
    versions = state.of(name)
    if not versions:
        raise NotFound(f"There is no policy {name!r} in this book; `daybook policy list` shows those that there are.")
    if number is None:
        return versions[-1].document
    found = next((each for each in versions if str(each.version) == number), None)
    if found is None:
        raise NotFound(f"{name} has no version {number}; it has 1 to {len(versions)}.")
    return found.document


def _brief(value: Any) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def shipped(terminal: Terminal, name: str | None, *, toml: bool) -> None:
    """Shows what ships, or one policy of it. Raises: NotFound."""
    if name is not None:
        try:
            text, document = library_text(name), library_policy(name).document()
        except UnreadableFile as error:
            raise NotFound(str(error)) from None
        terminal.answer({"name": name, "document": document.model_dump(mode="json"), "toml": text})
        if toml:
            terminal.show(text.rstrip("\n"))
        else:
            _document(terminal, document)
            _examples(terminal, library_policy(name).worked())
        return
    documents = [library_policy(each).document() for each in library()]
    counting = rules_of_counting()
    terminal.answer({"policies": [each.model_dump(mode="json") for each in documents], "counting": counting})
    for document in documents:
        terminal.show(f"{document.name}: {both(document.title)}", _clauses(document), "")
    terminal.show("Rules of counting, which are no clocks (期间计算规则):")
    rules = table("rule", "declared by", "clause", "read in")
    for rule in counting:
        fields = ", ".join(f"{field} = {value}" for field, value in rule.fields.items())
        add_row(rules, rule.id, fields, rule.clause, rule.source)
    terminal.show(rules)


def _clauses(document: PolicyDocument) -> Table:
    """Each clock of a shipped policy with its clause, where that was read, and what of it was not."""
    shown = table("target", "time", "clause", "read in", "not verified")
    for target in document.targets:
        law = target.statute
        read = ("internal", None, None) if law is None else (law.clause, law.source, law.unverified)
        add_row(shown, target.id, clock_words(target.clock)[0], *read)
    return shown
