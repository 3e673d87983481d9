import threading

import psycopg

from api.app import create_app
from tests.api.graphql.asking import asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.conftest import Database

WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND datname = current_database() AND usename = 'daybook_projector'
"""


def test_a_server_ends_while_somebody_holds_its_views_back_and_they_are_whole_afterwards(database: Database) -> None:
    with opened(database, grace_seconds=1) as workspace, psycopg.connect(database.owner_url) as owner:
        application = create_app(workspace, development_actor=ACTOR, wait_seconds=0.1, alarms=True)
        with asking(application) as front_end, psycopg.connect(database.owner_url, autocommit=True) as watching:
            assert workspace.runner.wait_for(workspace.ledger.head(), 20)
            owner.execute("SELECT FROM views.cursor FOR UPDATE")
            front_end.change("receiveCase", kind="COMPLAINT", channel="WEB")
            while watching.execute(WAITING).fetchone() == (0,):
                pass
        assert {"views", "alarms"}.isdisjoint(thread.name for thread in threading.enumerate())
        owner.rollback()
        assert workspace.runner.catch_up() == workspace.ledger.head()
