"""Being told of new events: a listener that hears, polls as well, and comes back when its connection is lost."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Condition, Event, Thread
from typing import TYPE_CHECKING

import psycopg
from eventsourcing.persistence import ListenNotifySubscription
from typing_extensions import override

if TYPE_CHECKING:
    from ledger.recorder import LedgerRecorder

POLL_SECONDS = 0.5


class Listener:
    """Wakes those who wait whenever a book may have grown: when told, and every half second besides.

    It has a connection of its own, since pools and proxies lose LISTEN. A wake-up is a hint, never a promise.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._stopped = Event()
        self._condition = Condition()
        self._beats = 0
        self._thread = Thread(target=self._listen, name="listener", daemon=True)
        self._thread.start()

    def wait(self, seen: int, timeout: float) -> int:
        """Waits until there has been a beat after `seen`, at most `timeout` seconds. Gives the last beat back."""
        with self._condition:
            self._condition.wait_for(lambda: self._beats > seen or self._stopped.is_set(), timeout)
            return self._beats

    def close(self) -> None:
        """Stops listening and wakes everybody."""
        self._stopped.set()
        with self._condition:
            self._condition.notify_all()
        self._thread.join()

    def _listen(self) -> None:
        while not self._stopped.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True) as connection:
                    connection.execute("LISTEN daybook")
                    self._beat()  # what came before LISTEN was in force
                    while not self._stopped.is_set():
                        for _ in connection.notifies(timeout=POLL_SECONDS, stop_after=1):
                            pass
                        self._beat()
            except psycopg.Error:
                self._beat()
                self._stopped.wait(POLL_SECONDS)

    def _beat(self) -> None:
        with self._condition:
            self._beats += 1
            self._condition.notify_all()


class LedgerSubscription(ListenNotifySubscription["LedgerRecorder"]):
    """The library's subscription over our listener.

    The stock one listens after its first pull, never polls, and dies with its connection.
    """

    def __init__(self, recorder: LedgerRecorder, gt: int | None = None, topics: Sequence[str] = ()) -> None:
        super().__init__(recorder, gt, topics)
        self._listener = Listener(recorder.database.url)
        self._relay = Thread(target=self._relay_beats, name="subscription", daemon=True)
        self._relay.start()

    @override
    def stop(self) -> None:
        """Ends the subscription; the iterator stops."""
        super().stop()
        self._listener.close()

    def _relay_beats(self) -> None:
        seen = 0
        while not self._has_been_stopped:
            seen = self._listener.wait(seen, POLL_SECONDS)
            self._has_been_notified.set()
