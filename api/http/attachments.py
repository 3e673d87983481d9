"""Files over HTTP: a PUT brings the bytes of one that was announced, a GET fetches those of one that is attached."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from types import MappingProxyType
from typing import TypeVar
from urllib.parse import quote
from uuid import UUID

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.access.gate import Gate
from api.access.links import FOLDER, Expired, For, Link, NoLink
from api.attached import Attached, attached
from api.graphql.attachment import id_of_attachment
from api.graphql.door import Door
from api.graphql.problem import Code
from api.http.admission import Admission
from api.http.media import media_for
from api.http.streamed import STALLED_SECONDS, Streamed
from api.http.turned_away import TurnedAway
from api.http.watched import account_of
from ledger.attachments import CHUNK_BYTES, Announced, Content, Upload
from ledger.errors import LedgerAway, OtherBytes, UploadGone, UploadRefused, WrongDigest, WrongSize

T = TypeVar("T")

PATHS = f"{FOLDER}{{link}}"
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE")
LEAST_BYTES_PER_SECOND = 16 * 1024
"""How fast an upload has to be on the whole; one that drips would keep its place for days."""
MOST_OF_ONE = 4
"""How many files one asker has under way, so that nobody keeps all the places."""
REFUSED: Mapping[type[UploadRefused], Code] = MappingProxyType({
    WrongSize: Code.WRONG_SIZE,
    WrongDigest: Code.WRONG_DIGEST,
    OtherBytes: Code.OTHER_BYTES,
    UploadGone: Code.UPLOAD_GONE,
})  # fmt: skip
ACTIVE = re.compile(r"html|svg|script|[/+]xml$")
"""Media types that can hold programs; these are sent as what no browser opens."""
PLAIN = "application/octet-stream"
KEPT_APART = MappingProxyType({
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
})  # fmt: skip
"""What is said of a file on its way: nobody keeps it, and no browser runs anything in it or guesses what it is."""


class Files:
    """The paths of links to files. One server takes and gives so many at a time, whoever may ask for them."""

    def __init__(
        self,
        door: Door,
        gate: Gate,
        admission: Admission,
        most_at_once: int,
        stalled_seconds: float = STALLED_SECONDS,
    ) -> None:
        self._door = door
        self._gate = gate
        self._admission = admission
        self._most = most_at_once
        self._stalled_seconds = stalled_seconds
        self._under_way = Counter[str]()

    def routes(self) -> list[Route]:
        """The one path, with a link at its end."""
        return [Route(PATHS, self._answered, methods=list(METHODS))]

    async def _answered(self, request: Request) -> Response:
        account = account_of(request)
        account.kind = "attachment"
        try:
            match request.method:
                case "PUT":
                    return await self._put(request)
                case "GET" | "HEAD":
                    return await self._get(request)
                case _:
                    message = "A file is brought by PUT and fetched by GET, and by nothing else."
                    raise TurnedAway(Code.METHOD_NOT_ALLOWED, message, {"Allow": "GET, HEAD, PUT"})
        except TurnedAway as away:
            account.outcome = away.code
            return away.response(media_for(request.headers.get("accept")))

    def _refuse_one_more(self, link: Link) -> None:
        """Raises: TurnedAway when as many files are under way as may be, of all or of one asker."""
        for found, limit in ((self._under_way.total(), self._most), (self._under_way[link.given_to], MOST_OF_ONE)):
            if found >= limit:
                message = f"{limit} files are under way already; send the same again in a moment."
                raise TurnedAway(Code.TOO_BUSY, message, {"Retry-After": "1"}, limit=limit)

    @contextmanager
    def _one_more(self, link: Link) -> Iterator[None]:
        """A file that is under way."""
        self._under_way[link.given_to] += 1
        try:
            yield
        finally:
            self._under_way[link.given_to] -= 1
            self._under_way += Counter()  # forgets who has none

    async def _permitted(self, request: Request, use: For) -> Link:
        """What the link permits. Who signs in beside it has to be the one to whom it was given. Raises: TurnedAway."""
        try:
            link = self._door.links.read(request.path_params["link"])
        except NoLink as error:
            raise TurnedAway(Code.BAD_LINK, str(error)) from error
        except Expired as error:
            raise TurnedAway(Code.LINK_EXPIRED, str(error)) from error
        if link.use is not use:
            raise TurnedAway(Code.BAD_LINK, f"This link is for an {link.use}, and for nothing else.")
        if "authorization" in request.headers:
            address = request.client.host if request.client else None
            principal = await self._gate.principal(request.headers, address)
            self._admission.recognise(request.scope, principal)
            if self._door.links.mark_of(principal) != link.given_to:
                raise TurnedAway(Code.FORBIDDEN, "This link was given to somebody else; ask for one of your own.")
        return link

    async def _read(self, work: Callable[..., T], *arguments: object) -> T:
        """What work with the ledger gives back. Raises: TurnedAway."""
        try:
            return await self._door.off_loop(work, *arguments)
        except UploadRefused as error:
            raise TurnedAway(REFUSED[type(error)], str(error)) from error
        except LedgerAway as error:
            raise TurnedAway(Code.LEDGER_AWAY, "The ledger does not answer; try again in a moment.") from error

    # Bringing ---------------------------------------------------------------------------------------------------

    async def _put(self, request: Request) -> Response:
        link = await self._permitted(request, For.UPLOAD)
        found = await self._read(self._door.ledger.attachments.announced, [link.attachment_id])
        announced = found.get(link.attachment_id)
        if announced is None:
            raise TurnedAway(Code.UPLOAD_GONE, "This attachment was taken away, since it was not attached in time.")
        _refuse_other_length(request, announced)
        self._refuse_one_more(link)
        with self._one_more(link):
            content = await self._uploaded(request, announced)
        told = {"attachmentId": self._id(link.attachment_id), "byteSize": content.byte_size, "sha256": content.sha256}
        return JSONResponse(told, headers={"Cache-Control": "no-store"})

    async def _uploaded(self, request: Request, announced: Announced) -> Content:
        """The bytes, all of them kept. What was kept of fewer is taken away again; after a crash, a sweep does that."""
        upload = self._door.ledger.attachments.upload(announced)
        try:
            await self._taken(request, upload, announced.file.byte_size)
            return await self._read(upload.finish)
        except ClientDisconnect as error:
            raise TurnedAway(Code.WRONG_SIZE, "The upload was cut off; send the file again.") from error
        finally:
            # Also when the task is cancelled. What was finished is not touched by it.
            await asyncio.shield(self._given_up(upload))

    async def _given_up(self, upload: Upload) -> None:
        with suppress(LedgerAway):  # then a sweep takes it away
            await self._door.off_loop(upload.give_up)

    async def _taken(self, request: Request, upload: Upload, byte_size: int) -> None:
        """Hands on what comes, a chunk at a time: the sender is held up meanwhile. Raises: TurnedAway."""
        waiting = bytearray()
        coming = request.stream()
        try:
            async with asyncio.timeout(self._stalled_seconds + byte_size / LEAST_BYTES_PER_SECOND):
                while (piece := await self._next(coming)) is not None:
                    waiting += piece
                    if len(waiting) >= CHUNK_BYTES:
                        await self._read(upload.take, bytes(waiting))
                        waiting.clear()
                await self._read(upload.take, bytes(waiting))
        except TimeoutError as error:
            message = (
                f"Nothing of the file came for {self._stalled_seconds:g} seconds, or all of it came too slowly; "
                "send it again."
            )
            raise TurnedAway(Code.UPLOAD_STALLED, message, {"Connection": "close"}) from error

    async def _next(self, coming: AsyncIterator[bytes]) -> bytes | None:
        async with asyncio.timeout(self._stalled_seconds):
            return await anext(coming, None)

    # Fetching ---------------------------------------------------------------------------------------------------

    async def _get(self, request: Request) -> Response:
        link = await self._permitted(request, For.DOWNLOAD)
        file = await self._read(attached, self._door.ledger, link.attachment_id)
        if file is None:
            raise TurnedAway(Code.NOT_FOUND, "This file is attached no longer, or was erased.")
        headers = {**KEPT_APART, **_described(file)}
        if request.method == "HEAD":
            return Response(headers=headers)
        self._refuse_one_more(link)
        with ExitStack() as stack:
            stack.enter_context(self._one_more(link))
            # Before anything is said, so that what cannot be read is told as a fault.
            first = await self._read(self._door.ledger.attachments.chunk, file.content, 0)
            sent = self._sent(file.content, first)
            return Streamed(sent, headers, held=stack.pop_all(), stalled_seconds=self._stalled_seconds)

    async def _sent(self, content: Content, first: bytes) -> AsyncGenerator[bytes, None]:
        """The bytes, a chunk at a time. One that cannot be read ends the answer short of the length it announced."""
        yield first
        for number in range(1, content.chunks):
            yield await self._door.off_loop(self._door.ledger.attachments.chunk, content, number)

    def _id(self, attachment_id: UUID) -> str:
        return id_of_attachment(self._door.book, attachment_id)


def _refuse_other_length(request: Request, announced: Announced) -> None:
    """Raises: TurnedAway before anything is read, where the headers say that it is something else."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise TurnedAway(Code.UNSUPPORTED_MEDIA_TYPE, "Send the file as it is, without compression.")
    length = request.headers.get("content-length")
    if length is not None and length != str(announced.file.byte_size):
        message = f"{length} bytes are on their way, and {announced.file.byte_size} were announced."
        raise TurnedAway(Code.WRONG_SIZE, message)


def _described(file: Attached) -> dict[str, str]:
    event = file.recorded.event
    media = PLAIN if ACTIVE.search(event.media_type) else event.media_type
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in file.file_name)
    name = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file.file_name, safe='')}"
    return {"Content-Type": media, "Content-Length": str(file.content.byte_size), "Content-Disposition": name}
