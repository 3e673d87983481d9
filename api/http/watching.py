"""The paths for whoever watches a server: /healthz, /readyz and /metrics."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.http.admission import Admission
from api.http.health import Found, Health
from api.http.metrics import CONTENT_TYPE, Figure, Figures, Sample, of_the_process, text_of
from api.http.sockets import Sockets
from ledger.database import Database

NOT_KEPT = {"Cache-Control": "no-store"}


class Watching:
    """What one server says of itself."""

    def __init__(
        self, health: Health, figures: Figures, admission: Admission, sockets: Sockets, pools: dict[str, Database]
    ) -> None:
        self._health = health
        self._figures = figures
        self._admission = admission
        self._sockets = sockets
        self._pools = pools

    def routes(self) -> list[Route]:
        """The three paths."""
        return [Route("/healthz", self._healthz), Route("/readyz", self._readyz), Route("/metrics", self._metrics)]

    async def _healthz(self, request: Request) -> Response:
        """That the process lives: nothing else is asked, so that nobody restarts it because a database is away."""
        del request
        return JSONResponse({"status": "lives"}, headers=NOT_KEPT)

    async def _readyz(self, request: Request) -> Response:
        del request
        ready, checks = await self._health.ready()
        return JSONResponse({"ready": ready, "checks": checks}, 200 if ready else 503, headers=NOT_KEPT)

    async def _metrics(self, request: Request) -> Response:
        del request
        found = await self._health.found()
        return Response(text_of(self._all(found)), headers=NOT_KEPT, media_type=CONTENT_TYPE)

    def _all(self, found: Found | None) -> Iterator[Figure]:
        yield from self._figures.figures()
        operations = [Sample((), self._admission.operations.taken)]
        yield Figure("daybook_operations_in_flight", "gauge", "Operations that are being worked at.", operations)
        ingests = [Sample((), self._admission.ingests.taken)]
        yield Figure("daybook_ingests_in_flight", "gauge", "Bodies of items that are being worked at.", ingests)
        yield from self._sockets.figures()
        draining = [Sample((), int(self._health.draining))]
        yield Figure("daybook_draining", "gauge", "1 while the server finishes what it has begun.", draining)
        yield from self._of_the_pools()
        yield from _of_the_book(found)
        yield from of_the_process()

    def _of_the_pools(self) -> Iterator[Figure]:
        found = {name: database.in_use() for name, database in self._pools.items()}
        used = [Sample((("pool", name),), in_use) for name, (in_use, _) in found.items()]
        most = [Sample((("pool", name),), size) for name, (_, size) in found.items()]
        yield Figure("daybook_pool_connections_in_use", "gauge", "Database connections at work.", used)
        yield Figure("daybook_pool_connections_most", "gauge", "As many as there may be.", most)


def _of_the_book(found: Found | None) -> Iterator[Figure]:
    up = [Sample((), int(found is not None))]
    yield Figure("daybook_database_up", "gauge", "Whether the database answers.", up)
    if found is None:
        return
    position = [Sample((), found.position)]
    yield Figure("daybook_book_position", "gauge", "The position of the book's last event.", position)
    of = {lag.view.projection: lag for lag in found.lags}
    behind = [Sample((("view", name),), lag.events) for name, lag in of.items()]
    yield Figure("daybook_view_lag_events", "gauge", "How many events a view is behind.", behind)
    seconds = [Sample((("view", name),), lag.behind / timedelta(seconds=1)) for name, lag in of.items()]
    yield Figure("daybook_view_lag_seconds", "gauge", "How long the first of them has been there.", seconds)
    stopped = [Sample((("view", name),), int(lag.view.why is not None)) for name, lag in of.items()]
    yield Figure("daybook_view_stopped", "gauge", "1 where a view does not go on.", stopped)
