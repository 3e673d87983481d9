"""Changes of any kind by whoever may make all of them, in a book that is thrown away afterwards."""

import gc
from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import given

from api.access.principal import Role
from api.access.rules import rights
from api.graphql.consistency import token_of
from api.workspace import Workspace
from tests.api.access.any_document import Sent, Voice, any_request
from tests.api.access.firing import SETTLED_LATER, check_shape, heard_of, sent, so_many
from tests.api.access.issuing import Issuer
from tests.api.access.world import UNITS, World, app_of
from tests.api.graphql.asking import asking

pytestmark = SETTLED_LATER
FEW = 400


@pytest.fixture(scope="module")
def world(workspace: Workspace) -> Iterator[World]:
    issuer = Issuer()
    with asking(app_of(workspace, issuer)) as front_end:
        yield World(front_end, issuer)


def test_whatever_an_administrator_does_is_done_or_refused_by_a_code(
    world: World, workspace: Workspace, pytestconfig: pytest.Config
) -> None:
    ids, cursors = heard_of(world)
    texts = [*UNITS, "管理员", "李娜", "x", "resolution", "CNY", "zh", "宽带"]
    voice = Voice(
        may=cache(rights()[Role.ADMINISTRATOR].may),
        name="管理员",
        ids=ids,
        cursors=cursors,
        tokens=[token_of("main", 1)],
        heard=list(world.numbers.values()),
        own=texts,
        changing=85,
        odd=10,
    )
    before = workspace.ledger.head()

    @so_many(FEW, long=pytestconfig.getoption("--long"))
    @given(any_request(voice))
    def run(request: Sent) -> None:
        check_shape(sent(world.administrator, request))

    run()
    gc.collect()  # whatever was dropped is noticed here, and not by some other test
    assert workspace.ledger.head() > before + FEW // 20
    assert workspace.runner.catch_up() == workspace.ledger.head()
