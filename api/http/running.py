"""What runs beside a server: the threads that keep the views and note alarms, from its beginning to its end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import copy_context
from functools import partial
from threading import Event, Thread

from anyio import to_thread
from fastapi import FastAPI

from api import attached
from api.alarms.following import Alarms
from api.live.feed import Feed
from api.workspace import Workspace
from ledger.stopping import ASKED_FOR, Statements

Work = Callable[[Event], None]


@asynccontextmanager
async def running(workspace: Workspace, alarms: bool, feed: Feed, app: FastAPI) -> AsyncIterator[None]:
    """While an application runs, the views are kept up to date, uploads that nobody attached are taken away, and with
    `alarms` what is due is noted.

    At its end whoever follows the book is told so, and all of them finish what they are at. What takes longer than the
    settings' grace is stopped: somebody may hold a lock for as long as they like, and a view is never half written.
    """
    del app
    stop, statements = Event(), Statements()
    threads = [
        _begun("views", workspace.runner.follow, stop, statements),
        _begun("uploads", partial(attached.follow, workspace.ledger), stop, statements),
    ]
    if alarms:
        threads.append(_begun("alarms", Alarms(workspace.ledger, workspace.views).follow, stop, statements))
    try:
        yield
    finally:
        stop.set()
        await to_thread.run_sync(feed.close, workspace.settings.grace_seconds)
        for thread in threads:
            await to_thread.run_sync(thread.join, workspace.settings.grace_seconds)
        if any(thread.is_alive() for thread in threads):
            await to_thread.run_sync(statements.stop)
        for thread in threads:
            await to_thread.run_sync(thread.join)


def _begun(name: str, work: Work, stop: Event, statements: Statements) -> Thread:
    """A thread at work, whose statements can be stopped."""
    context = copy_context()
    context.run(ASKED_FOR.set, statements)
    thread = Thread(target=context.run, args=(work, stop), name=name, daemon=True)
    thread.start()
    return thread
