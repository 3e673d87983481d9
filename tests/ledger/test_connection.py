import socket
from datetime import timedelta
from uuid import uuid4

import pytest
from psycopg.conninfo import conninfo_to_dict

from ledger.append import Write
from ledger.committer import Committer
from ledger.connection import with_deadlines
from ledger.database import Database
from ledger.errors import LedgerAway
from ledger.ledger import Ledger
from tests import conftest
from tests.ledger.submissions import MASTER, OPENED, receive, submission

BRIEFLY = timedelta(seconds=1)


def test_instants_come_back_in_utc_whatever_zone_the_environment_names(
    ledger: Ledger, database: conftest.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGTZ", "Asia/Kathmandu")
    with Database(database.writer_url) as abroad:
        there = Ledger(abroad, MASTER)
        accepted = there.carry_out(submission(receive(uuid4())))
        instants = [accepted.recorded_at, *(recorded.occurred_at for recorded in there.since(0))]
    assert {instant.utcoffset() for instant in instants if instant} == {timedelta()}


def test_a_host_that_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        nobody = f"postgresql://daybook_writer@127.0.0.1:{silent.getsockname()[1]}/daybook"
        committer = Committer(with_deadlines(nobody, BRIEFLY), "main", BRIEFLY, lambda: OPENED)
        future = committer.submit(Write(uuid4(), b"", OPENED, (), (), ()))
        with pytest.raises(LedgerAway, match="The database does not answer"):
            future.result(timeout=30)
        committer.close()


def test_deadlines_that_the_address_names_stand() -> None:
    url = "postgresql://daybook_writer@db.example/daybook?connect_timeout=3&tcp_user_timeout=7000"
    bounded = conninfo_to_dict(with_deadlines(url, timedelta(seconds=20)))
    assert {name: bounded[name] for name in ("connect_timeout", "tcp_user_timeout", "keepalives_idle")} == {
        "connect_timeout": "3",
        "tcp_user_timeout": "7000",
        "keepalives_idle": "20",
    }
