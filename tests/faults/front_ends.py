"""Front ends that ask `daybook serve` for one thing after another, and for each again until it is acknowledged."""

import random
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Condition, Event, Thread
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import httpx
import orjson

from api.graphql.consistency import position_of, token_of

PATIENCE = timedelta(seconds=120)
"""How long anything may stay without an acknowledgement before the test is given up."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.02, 0.5
ABANDONED_SHARE = 0.04
"""Of what failed, how much is never asked for again: that is in the ledger as a whole, or not at all."""
UNITS = ("北区客户服务处", "South desk", "East desk")
PASSING = {"LEDGER_AWAY", "NOT_CAUGHT_UP"}
SHOWN = {
    "case": "id number version",
    "customer": "id version",
    "touchpoint": "id",
    "record": "id ... on Case { version }",
}
SUBJECTS = {
    "registerCustomer": "customer",
    "recordTouchpoint": "touchpoint",
    "requestCorrection": "record",
    "requestVoid": "record",
    "approveAmendment": "record",
}
TOKEN = "Daybook-Consistency-Token"
SHOW = "query Show($id: ID!) { node(id: $id) { ... on Case { version } ... on Customer { version } } }"


class GaveUp(Exception):
    """Something was not acknowledged in time, or otherwise than with a yes."""


class Abandoned(Exception):
    """The front end does not ask for it again, nor for what was to follow."""


@dataclass(frozen=True)
class Acknowledged:
    """What the answer said."""

    at: datetime
    subject: str
    """The global id of what was changed."""
    version: int | None
    number: str | None
    position: int
    """Inside the consistency token."""


@dataclass
class Asked:
    """One command, and what became of it."""

    command_id: UUID
    mutation: str
    topics: tuple[str, ...]
    """The events that it is to lead to."""
    said: tuple[str, ...]
    """The personal values in them."""
    alone: bool
    """Whether nobody else asks for anything about the same thing."""
    failures: list[str] = field(default_factory=list)
    acknowledged: Acknowledged | None = None


class FrontEnds:
    """Several front ends, each on a thread, busy from the beginning of the block until its end or `finish`."""

    def __init__(self, url: str, *, count: int, seed: int) -> None:
        self._front_ends = [FrontEnd(self, url, number, random.Random(f"{seed}-{number}")) for number in range(count)]
        self._threads = [Thread(target=each.work, name=f"front-end-{each.number}") for each in self._front_ends]
        self._changed = Condition()
        self._acknowledged = 0
        self._failed: list[BaseException] = []
        self.over = Event()
        """What has been begun is still brought to its acknowledgement; nothing more is begun."""
        self.shared: list[str] = []
        """Cases that all of them write to."""

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        for each in self._front_ends:
            each.hurry = kind is not None
        for thread in self._threads:
            thread.join(PATIENCE.total_seconds() + 60)

    def finish(self) -> list[Asked]:
        """Everything that was asked for, each acknowledged or abandoned. Raises: GaveUp."""
        self.over.set()
        for thread in self._threads:
            thread.join(PATIENCE.total_seconds() + 60)
            assert not thread.is_alive(), f"{thread.name} does not come to an end"
        self.check()
        return [asked for each in self._front_ends for asked in each.asked]

    def check(self) -> None:
        """Raises: what any of them gave up over."""
        if self._failed:
            raise self._failed[0]

    @property
    def acknowledged(self) -> int:
        """How much has been acknowledged by now."""
        return self._acknowledged

    def one_asked_for_from_now_on(self) -> int:
        """Once so many are acknowledged, one of them was asked for after this: each front end waits for one at most."""
        return self._acknowledged + len(self._front_ends) + 1

    def wait_for(self, acknowledged: int, seconds: float) -> bool:
        """Whether so many are acknowledged by then. Raises: GaveUp."""
        with self._changed:
            there = self._changed.wait_for(lambda: self._failed or self._acknowledged >= acknowledged, seconds)
        self.check()
        return bool(there)

    def note(self, failed: BaseException | None = None) -> None:
        """One more is acknowledged, or one of them has given up."""
        with self._changed:
            if failed is None:
                self._acknowledged += 1
            else:
                self._failed.append(failed)
            self._changed.notify_all()


class FrontEnd:
    """One of them: it registers customers and leads their cases from the receipt to the closing."""

    def __init__(self, together: FrontEnds, url: str, number: int, chance: random.Random) -> None:
        self.number = number
        self.asked: list[Asked] = []
        self.hurry = False
        """Whether what has been begun is left as it is."""
        self._together = together
        self._url = url
        self._chance = chance

    def work(self) -> None:
        """Leads one life after another until it is over."""
        try:
            with httpx.Client(timeout=httpx.Timeout(40, connect=5)) as self._http:
                while not self._together.over.is_set():
                    for _ in self._steps():
                        if self._together.over.is_set():
                            break
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            self._together.note(error)

    def _steps(self) -> Iterator[None]:
        with suppress(Abandoned):
            yield from self._life()

    def _life(self) -> Iterator[None]:
        """One customer and their case; between any two steps it may be left."""
        chance, name = self._chance, f"客户 {self.number}-{len(self.asked)}"
        phones = [f"+86 {self.number} {len(self.asked)} {nth}" for nth in range(chance.randrange(3))]
        customer = self.ask(
            "registerCustomer",
            ("customer-registered.1", *["contact-recorded.1"] * len(phones), "tier-assigned.1"),
            (name, *phones),
            {"kind": "PERSON", "name": name, "language": "zh-CN", "tier": chance.choice(["KEY", "GOLD", "SILVER"]),
             "contacts": [{"kind": "PHONE", "value": phone} for phone in phones]},
        ).subject  # fmt: skip
        yield
        words = f"{name}：三月份收了两次费。"
        met = {"customerId": customer, "channel": "HOTLINE", "direction": "IN", "words": words}
        touchpoint = self.ask("recordTouchpoint", ("touchpoint-recorded.1",), (words,), met).subject
        yield
        receipt = {"kind": "COMPLAINT", "customerId": customer, "channel": "HOTLINE", "touchpointId": touchpoint,
                   "receivedBy": "grace", "words": words}  # fmt: skip
        case = Own(self, self.ask("receiveCase", ("case-received.1",), (words,), receipt), words)
        yield
        for step in (self._handled, self._amended, self._ended):
            for _ in step(case):
                yield
                if chance.random() < 0.1:
                    self._look(case.last)
                    yield
        if len(self._together.shared) < 2:
            case.step("reopenCase", "case-reopened.1")
            self._together.shared.append(case.last.subject)

    def _handled(self, case: "Own") -> Iterator[None]:
        chance = self._chance
        first, second = chance.sample(UNITS, 2)
        case.step("registerCase", "case-registered.1", registeredBy="grace")
        assert re.fullmatch(r"C\d{4}-\d{6}", case.last.number or ""), case.last
        yield
        case.step("classifyCase", "case-classified.1", category="Billing")
        yield
        case.step("dispatchCase", "case-dispatched.1", unit=first)
        yield
        case.step("assignCase", "case-assigned.1", handler="ada")
        yield
        case.step("startWork", "work-started.1", by="ada")
        yield
        if chance.random() < 0.5:
            case.step("pauseCase", "case-paused.1", ground="CUSTOMER")
            yield
            case.step("resumeCase", "case-resumed.1", ground="CUSTOMER")
            yield
        if chance.random() < 0.5:
            case.step("transferCase", "case-transferred.1", toUnit=second, handler="lin")
            yield
        case.answer("UPDATE", "We look into it.")
        yield
        if self._together.shared and chance.random() < 0.6:
            shared = {"caseId": chance.choice(self._together.shared), "kind": "UPDATE", "channel": "SMS",
                      "words": f"{self.number} at {len(self.asked)}"}  # fmt: skip
            self.ask("sendResponse", ("response-sent.1",), (shared["words"],), shared, alone=False)
            yield

    def _amended(self, case: "Own") -> Iterator[None]:
        """Now and then something is read otherwise, or counts no longer."""
        amended = self._chance.choice(["classification", "receipt", "answer", None, None, None])
        if amended == "classification":
            (version,) = case.versions["case-classified.1"]
            why = {"data": {"category": "Fees"}, "reason": "wrong category", "requestedBy": "grace"}
            case.amend("requestCorrection", "correction-requested.1", version=version, **why)
            yield
            request = case.last.version
            case.amend("approveAmendment", "event-corrected.1", request=request, approvedBy="ada")
            yield
        elif amended == "receipt":
            why = {"data": {"channel": "web"}, "reason": "wrong channel", "requestedBy": "grace"}
            case.amend("requestCorrection", "correction-requested.1", case.words, version=1, **why)
            yield
            request = case.last.version
            case.amend("approveAmendment", "event-corrected.1", request=request, approvedBy="ada")
            yield
        elif amended == "answer":
            version = case.versions["response-sent.1"][-1]
            case.amend("requestVoid", "void-requested.1", version=version, reason="never sent", requestedBy="grace")
            yield
            request = case.last.version
            case.amend("approveAmendment", "event-voided.1", request=request, approvedBy="ada")
            yield

    def _ended(self, case: "Own") -> Iterator[None]:
        case.step("resolveCase", "case-resolved.1", outcome="UPHELD", redress={"minorUnits": 1250, "currency": "CNY"})
        yield
        if self._chance.random() < 0.3:
            case.step("reopenCase", "case-reopened.1", reason="not so")
            yield
            case.step("resolveCase", "case-resolved.1", outcome="SOLVED", resolvedBy="lin")
            yield
        case.step("closeCase", "case-closed.1", code="visited")
        yield

    # One command ------------------------------------------------------------------------------------------------

    def ask(
        self,
        mutation: str,
        topics: tuple[str, ...],
        said: tuple[str, ...],
        given: dict[str, Any],
        *,
        alone: bool = True,
    ) -> Acknowledged:
        """Asks for something, and with the same command id again and again until that is acknowledged.

        Raises: Abandoned, GaveUp.
        """
        command_id = UUID(int=self._chance.getrandbits(128), version=4)
        asked = Asked(command_id, mutation, topics, said, alone)
        self.asked.append(asked)
        pascal, subject = mutation[:1].upper() + mutation[1:], SUBJECTS.get(mutation, "case")
        query = f"""
        mutation Ask($input: {pascal}Input!) {{
          {mutation}(input: $input) {{
            subject: {subject} {{ {SHOWN[subject]} }}
            userErrors {{ code field message }}
            consistencyToken
          }}
        }}
        """
        payload = self._told(query, {"input": {"commandId": str(command_id), **given}}, asked)[mutation]
        shown = payload["subject"]
        if payload["userErrors"] or shown is None:
            raise GaveUp(f"{mutation} {command_id}, after {asked.failures}: {payload}")
        position = position_of(payload["consistencyToken"], "main")
        asked.acknowledged = Acknowledged(
            datetime.now(UTC), shown["id"], shown.get("version"), shown.get("number"), position
        )
        self._together.note()
        return asked.acknowledged

    def _look(self, last: Acknowledged) -> None:
        """What was acknowledged is shown to whoever says so. Raises: GaveUp when it is not, Abandoned."""
        looked = Asked(UUID(int=0), "node", (), (), alone=True)
        node = self._told(SHOW, {"id": last.subject}, looked, {TOKEN: token_of("main", last.position)})["node"]
        if node is None or node["version"] < (last.version or 0):
            raise GaveUp(f"After {last} the views showed {node}.")

    def _told(
        self, query: str, variables: dict[str, Any], asked: Asked, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """The data of the first answer that has them. Raises: Abandoned, GaveUp."""
        began, pause = datetime.now(UTC), FIRST_PAUSE_SECONDS
        body = orjson.dumps({"query": query, "variables": variables})
        headers = {"Content-Type": "application/json", **(headers or {})}
        while True:
            try:
                response = self._http.post(self._url, content=body, headers=headers)
                data, failure = _read(response)
                if data is not None:
                    return data
            except httpx.TransportError as error:
                failure = f"{type(error).__name__}: {error}"
            asked.failures.append(failure)
            if self.hurry or self._chance.random() < ABANDONED_SHARE:
                raise Abandoned
            if datetime.now(UTC) - began > PATIENCE:
                raise GaveUp(f"{asked.mutation} {asked.command_id} has no answer in {PATIENCE}: {asked.failures[-3:]}")
            self._together.over.wait(pause) if not self._together.over.is_set() else Event().wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def _read(response: httpx.Response) -> tuple[dict[str, Any] | None, str]:
    """The data of an answer, or why it should be asked for again. Raises: GaveUp for anything else."""
    answer = response.json()
    errors = answer.get("errors") or []
    codes = {error["extensions"]["code"] for error in errors}
    if codes and not codes <= PASSING:
        raise GaveUp(f"HTTP {response.status_code}: {errors}")
    if errors:
        return None, ", ".join(sorted(codes))
    data: dict[str, Any] = answer["data"]
    for payload in data.values():
        for error in (payload or {}).get("userErrors", ()):
            if error["code"] == "NOT_YET_VISIBLE":
                return None, "NOT_YET_VISIBLE"
    return data, ""


class Own:
    """A case that only one front end writes to, so that it knows at each step which version it must have."""

    def __init__(self, front_end: FrontEnd, received: Acknowledged, words: str) -> None:
        self.last = received
        self.words = words
        self.versions: dict[str, list[int]] = {"case-received.1": [1]}
        """By topic, those of its events."""
        self._front_end = front_end
        assert received.version == 1, received

    def step(self, mutation: str, topic: str, said: tuple[str, ...] = (), **given: Any) -> None:
        """Asks for a change of it as it was last seen."""
        self._go_on(mutation, topic, said, {"caseId": self.last.subject, **given})

    def answer(self, kind: str, words: str) -> None:
        """Answers the customer."""
        self.step("sendResponse", "response-sent.1", (words,), kind=kind, channel="SMS", by="ada", words=words)

    def amend(self, mutation: str, topic: str, *said: str, **given: Any) -> None:
        """Asks for an amendment of one of its events, or decides on one."""
        self._go_on(mutation, topic, said, {"recordId": self.last.subject, **given})

    def _go_on(self, mutation: str, topic: str, said: tuple[str, ...], given: dict[str, Any]) -> None:
        before = self.last.version or 0
        self.last = self._front_end.ask(mutation, (topic,), said, {"expectedVersion": before, **given})
        if self.last.version != before + 1:
            raise GaveUp(f"{mutation} brought {self.last} from version {before} to another one than the next.")
        self.versions.setdefault(topic, []).append(before + 1)
