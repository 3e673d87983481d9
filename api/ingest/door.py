"""The path on which other systems send items: lines of JSON or CloudEvents in, a line of JSON for each back."""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import ExitStack
from enum import StrEnum
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import orjson
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from api.access.gate import Gate
from api.access.principal import Principal
from api.access.refused import NotLetIn, forbidden
from api.access.rules import rights
from api.graphql.door import Door
from api.graphql.problem import Code
from api.graphql.request import CONSISTENCY_HEADER
from api.http.admission import Admission
from api.http.body import bytes_of
from api.http.media import accepts, content_of
from api.http.metrics import Figures
from api.http.problem_details import details, details_of
from api.http.streamed import Streamed
from api.http.turned_away import TurnedAway
from api.http.watched import Account, account_of
from api.ingest.carrying import Carrier, Delivery, Sent
from api.ingest.outcome import BadItem, Fault, Result, Status, told_at_the_end
from api.ingest.reading import Sender, lines_of, value_in
from api.settings import Settings
from domain.event import Label
from ledger.ledger import Ledger

PATH = "/ingest"
METHODS = ("POST", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "PUT", "TRACE")
"""All of them, so that those other than POST are answered here."""
LOG = logging.getLogger("daybook.ingest")
CORRELATIONS = uuid5(NAMESPACE_URL, "urn:daybook:ingest")
KEY_HEADER = "Idempotency-Key"
SOURCE_HEADER = "Daybook-Source"
KEY = re.compile(r'"?([\x21\x23-\x7e]{1,200})"?')
"""Bare, or as the string of a structured header (RFC 9651)."""
ITEMS_AT_ONCE = 500
"""Carried out in one transaction, whose answers go out together."""
MOST_VALUES = 500_000
"""In a batch, which is one value to its reader: each of them takes some hundred bytes, whatever it says."""
JSON = "application/json"
SOURCE: TypeAdapter[str] = TypeAdapter(Label)


class Form(StrEnum):
    """What a body may be."""

    LINES = "application/x-ndjson"
    ONE = "application/cloudevents+json"
    BATCH = "application/cloudevents-batch+json"


STATUS_OF_ITEM = {
    Status.ACCEPTED: 200,
    Status.REPEATED: 200,
    Status.REFUSED: 409,
    Status.CONFLICT: 422,
    Status.INVALID: 422,
    Status.FAILED: 503,
}
STATUS_OF_CODE: Mapping[str, int] = {Fault.NOT_JSON: 400, Fault.FORBIDDEN: 403, Fault.FAULT: 500}


class Ingest:
    """The door for items."""

    def __init__(self, door: Door, gate: Gate, admission: Admission, figures: Figures, settings: Settings) -> None:
        self._door = door
        self._gate = gate
        self._admission = admission
        self._figures = figures
        self._most_bytes = settings.ingest_bytes
        self._most_items = settings.ingest_items
        self._body_seconds = settings.body_seconds
        self._working = set[asyncio.Task[None]]()

    async def answer(self, request: Request) -> Response:
        """The answer to a request."""
        account = account_of(request)
        try:
            if request.method != "POST":
                message = "Items are sent by POST, and by nothing else."
                raise TurnedAway(Code.METHOD_NOT_ALLOWED, message, {"Allow": "POST"})
            principal = await self._let_in(request)
            account.kind = "ingest"
            form = _form(request)
            with ExitStack() as stack:
                stack.enter_context(self._admission.ingests.one_more())
                body = await bytes_of(request, self._most_bytes, self._body_seconds)
                digest = await self._door.off_loop(_digest_of, self._door.ledger, body)
                sent = await self._door.off_loop(self._sent, form, body)
                carrier = Carrier(self._door.ledger, _delivery(request, principal, form, digest))
                if form is Form.ONE:
                    return await self._one(carrier, sent, account)
                return await self._many(carrier, sent, account, stack)
        except (TurnedAway, NotLetIn) as away:
            account.outcome = away.code
            return details_of(away)

    # What is let in -----------------------------------------------------------------------------------------------

    async def _let_in(self, request: Request) -> Principal:
        """Who sends. Raises: NotLetIn."""
        principal = await self._gate.principal(request.headers, request.client.host if request.client else None)
        self._admission.recognise(request.scope, principal)
        if not rights()[principal.role].items:
            raise forbidden("ROLE_REFUSED", f"The role {principal.role} brings in nothing here; a service does.")
        return principal

    def _sent(self, form: Form, body: bytes) -> list[Sent]:
        """What lies in a body, place by place. Raises: TurnedAway, before more of it is unfolded than may be."""
        if form is Form.ONE:
            return [Sent(1, body)]
        if form is Form.BATCH:
            values = sum(map(body.count, (b",", b"[", b"{")))
            if values > MOST_VALUES:
                raise _too_many(values, MOST_VALUES, "values")
            found = _list_in(body)
            if len(found) > self._most_items:
                raise _too_many(len(found), self._most_items, "items")
            return [Sent(place, value) for place, value in enumerate(found, 1)]
        sent = []
        for place, line in lines_of(body):
            if place > self._most_items:
                raise _too_many(body.count(b"\n"), self._most_items, "lines")
            if line:
                sent.append(Sent(place, line))
        return sent

    # What is answered ---------------------------------------------------------------------------------------------

    async def _carried(self, carrier: Carrier, sent: Sequence[Sent]) -> list[Result]:
        """What became of some items; when their time is up, nobody knows."""
        try:
            results = await self._admission.in_time(self._door.off_loop(carrier.carry, sent))
        except TurnedAway as away:
            carrier.give_up(Fault(away.code), "Its time was up, and it may have been carried out. Send it again.")
            results = await self._door.off_loop(carrier.carry, sent)
        for (kind, status), many in Counter((result.kind, result.status) for result in results).items():
            self._figures.ingested(kind, status, many)
        return results

    async def _one(self, carrier: Carrier, sent: Sequence[Sent], account: Account) -> Response:
        """The status says how it went: those who deliver CloudEvents look at nothing else."""
        (result,) = await self._carried(carrier, sent)
        account.outcome = result.code or "ok"
        status = STATUS_OF_CODE.get(result.code or "") or STATUS_OF_ITEM[result.status]
        if status != 200:
            headers = {"Retry-After": "1"} if status == 503 else None
            return details(status, result.code or "", result.message or "", headers, result=result.told())
        token = {} if result.position is None else {CONSISTENCY_HEADER: self._door.token(result.position)}
        return Response(orjson.dumps(result.told()), status, {"Cache-Control": "no-store", **token}, JSON)

    async def _many(self, carrier: Carrier, sent: Sequence[Sent], account: Account, stack: ExitStack) -> Response:
        """A line for each item, as they are carried out. What cannot even begin fails as a whole."""
        batches = [sent[at : at + ITEMS_AT_ONCE] for at in range(0, len(sent), ITEMS_AT_ONCE)] or [()]
        first = await self._carried(carrier, batches[0])
        if carrier.gave_up is not None and all(one.status in {Status.FAILED, Status.INVALID} for one in first):
            code, message = carrier.gave_up
            raise TurnedAway(Code(code), message, {"Retry-After": "1"})
        answer = _Answer()
        answer.add(first)
        _note(account, first)
        task = asyncio.create_task(self._rest(carrier, batches[1:], answer, account, stack.pop_all()))
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        held = ExitStack()
        held.callback(answer.leave)
        return Streamed(answer.lines(), {"Cache-Control": "no-store"}, Form.LINES.value, held=held)

    async def _rest(
        self, carrier: Carrier, batches: Sequence[Sequence[Sent]], answer: _Answer, account: Account, stack: ExitStack
    ) -> None:
        """Goes on with what is left, unless whoever sent it has gone."""
        try:
            with stack:
                for batch in batches:
                    if answer.gone:
                        return
                    results = await self._carried(carrier, batch)
                    answer.add(results)
                    _note(account, results)
            answer.end(self._door)
        finally:
            answer.close()
            LOG.info("Items: %s", answer.counted(), extra={"fields": {"items": answer.counted()}})


class _Answer:
    """Lines on their way to whoever sent the items. They are kept until they are read, so that somebody who reads them
    slowly holds nothing up."""

    def __init__(self) -> None:
        self._lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._counts: Counter[Status] = Counter()
        self._position = 0
        self.gone = False
        """Whether nobody reads them any more."""

    def add(self, results: Sequence[Result]) -> None:
        """The lines of some more results."""
        self._counts.update(result.status for result in results)
        self._position = max(self._position, *(result.position or 0 for result in results), 0)
        self._lines.put_nowait(b"".join(orjson.dumps(result.told()) + b"\n" for result in results))

    def end(self, door: Door) -> None:
        """The last line, which says that the answer is whole."""
        token = door.token(self._position) if self._position else None
        self._lines.put_nowait(orjson.dumps(told_at_the_end(self._counts, token)) + b"\n")

    def close(self) -> None:
        """Nothing more comes."""
        self._lines.put_nowait(None)

    def counted(self) -> dict[str, int]:
        """How many items went how."""
        return {status.value: many for status, many in self._counts.items()}

    async def lines(self) -> AsyncGenerator[bytes, None]:
        """All of it, as it comes."""
        while (some := await self._lines.get()) is not None:
            yield some

    def leave(self) -> None:
        """Notes that nobody reads them any more."""
        self.gone = True


def _form(request: Request) -> Form:
    """What the body is. Raises: TurnedAway for what is not taken, and when the answer would not be."""
    kind, charset = content_of(request.headers.get("content-type"))
    encoding = request.headers.get("content-encoding", "identity").lower()
    if kind not in set(Form) or charset not in {"utf-8", "utf8"} or encoding != "identity":
        found = f"{kind or 'no content type'}, {charset}, {encoding}"
        message = f"The body is {found}; send {', '.join(Form)} in UTF-8, without compression."
        raise TurnedAway(Code.UNSUPPORTED_MEDIA_TYPE, message, {"Accept-Post": ", ".join(Form)})
    answered = JSON if kind == Form.ONE else Form.LINES.value
    if not accepts(request.headers.get("accept"), answered):
        raise TurnedAway(Code.NOT_ACCEPTABLE, f"The answer to this is {answered}; name it in the header Accept.")
    return Form(kind)


def _delivery(request: Request, principal: Principal, form: Form, digest: str) -> Delivery:
    """What is known of all that a request brings. Raises: TurnedAway."""
    key, source = request.headers.get(KEY_HEADER), request.headers.get(SOURCE_HEADER)
    found = KEY.fullmatch(key) if key is not None else None
    if key is not None and found is None:
        message = f"{KEY_HEADER} is 1 to 200 letters, digits and signs of ASCII, without spaces."
        raise TurnedAway(Code.BAD_REQUEST, message)
    try:
        source = source if source is None else SOURCE.validate_python(source)
    except ValidationError as error:
        raise TurnedAway(Code.BAD_REQUEST, f"{SOURCE_HEADER} is a name of 1 to 200 characters.") from error
    sender = Sender(principal.name, source, found and found[1], events=form is not Form.LINES)
    return Delivery(principal, rights()[principal.role].items, sender, digest, uuid5(CORRELATIONS, digest))


def _list_in(body: bytes) -> list[Any]:
    """The values of a batch. Raises: TurnedAway."""
    try:
        found = value_in(body)
    except BadItem as bad:
        raise TurnedAway(Code.BAD_REQUEST, f"The body cannot be read. {bad.message}") from bad
    if not isinstance(found, list):
        raise TurnedAway(Code.BAD_REQUEST, "The body of a batch is a list of CloudEvents.")
    return found


def _too_many(found: int, most: int, of: str) -> TurnedAway:
    message = f"The body has {found} {of} or so; at most {most} are taken at a time."
    return TurnedAway(Code.BODY_TOO_LARGE, message, limit=most, found=found, of=of)


def _digest_of(ledger: Ledger, body: bytes) -> str:
    """By what events say in which body they came. A body may be one number of somebody's, and a plain digest, which
    stays for good, would tell whoever tries all numbers which one it was."""
    return hmac.digest(ledger.body_key, ledger.book.encode() + b"\0" + body, "sha256").hex()


def _note(account: Account, results: Sequence[Result]) -> None:
    """For the log and the figures: the first thing that went wrong here."""
    if account.outcome == "ok":
        failed = next((one.code for one in results if one.status is Status.FAILED), None)
        account.outcome = failed or "ok"
