"""Documents of any kind, valid and not, by everybody: no fault, no answer out of shape, and no word of another unit."""

import gc
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings

from api.access.principal import Role
from api.access.rules import rights
from api.graphql.consistency import token_of
from api.workspace import Workspace
from projections.reach import Conditions, Reach
from tests.api.access.any_document import Sent, Voice, any_request
from tests.api.access.canaries import Canaries, Canary, given_away
from tests.api.access.firing import SETTLED_LATER, check_shape, heard_of, sent, so_many
from tests.api.access.issuing import Issuer
from tests.api.access.world import BEIJING, EAST, GROUP, NORTH, UNITS, Signed, World, app_of
from tests.api.graphql.asking import asking

pytestmark = SETTLED_LATER
FEW = 200
"""Documents of each asker."""
UNTIL_NOTICED = 1_500
NOBODY = "nobody"


SPOKEN = frozenset({"classifyCase.category", "referOutside.body", "resolveCase.minorUnits"})
"""What a unit writes of a case that its customer is told, beside words, by mutation and field. All else is between the
units: who had it, why, and who decided."""


class GivenAway(Exception):
    """An answer holds what is not for whoever asked."""


class Asker(NamedTuple):
    """Somebody in a role, and of which units they must not hear a word; None: of nobody's personal values."""

    role: Role
    unit: str | None
    hidden: tuple[str, ...] | None


SUPERVISOR = Asker(Role.SUPERVISOR, NORTH, (EAST, GROUP, NOBODY))
ASKERS = (
    SUPERVISOR,
    Asker(Role.AGENT, NORTH, (EAST, GROUP, NOBODY)),
    Asker(Role.AGENT, BEIJING, (EAST, GROUP, NOBODY)),
    Asker(Role.AGENT, "南极分部", (NORTH, EAST, GROUP, NOBODY)),
    Asker(Role.CUSTOMER, NORTH, (EAST, GROUP, NOBODY)),
    Asker(Role.COMPLIANCE, None, None),
    Asker(Role.AUDITOR, None, None),
    Asker(Role.SERVICE, None, None),
)


class Fire:
    """The world with its secrets, and everything that somebody may have heard of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.canaries = Canaries(world)
        self.ids, self.cursors = heard_of(world)

    def signed(self, asker: Asker) -> Signed:
        """The asker at their front end."""
        if asker.role is Role.CUSTOMER:
            assert asker.unit is not None
            return self.world.customer(asker.unit)
        return self.world.signed(asker.role, unit=asker.unit, name=f"{asker.role} {asker.unit}")

    def voice(self, asker: Asker) -> Voice:
        """How they ask. They have heard of everything, be it theirs or not."""
        secret = [canary.text for found in self.canaries.of.values() for canary in found[:12]]
        return Voice(
            may=cache(rights()[asker.role].may),
            name=f"{asker.role} {asker.unit}",
            ids=self.ids,
            cursors=self.cursors,
            tokens=[token_of("main", position) for position in (1, 20)] + [token_of("other", 1)],
            heard=[*self.world.numbers.values(), *secret, *UNITS],
            own=["x", "宽带", "hotline", "resolution", "1", "CNY", NORTH, BEIJING],
            without=frozenset({"revealPersonal"}),
        )

    def secrets(self, asker: Asker) -> list[Canary]:
        """What they must not be told."""
        if asker.hidden is None:
            return self.canaries.personal()
        hidden = self.canaries.of_units(*asker.hidden)
        if asker.role is Role.CUSTOMER and asker.unit is not None:
            hidden += self.canaries.between_units(asker.unit, SPOKEN)
        return hidden

    def stream(self, asker: Asker, voice: Voice, how: settings) -> None:
        """Sends documents in somebody's name. Fails for the first whose answer is not as it should be."""
        signed, secrets = self.signed(asker), self.secrets(asker)

        @how
        @given(any_request(voice))
        def run(request: Sent) -> None:
            response = sent(signed, request)
            check_shape(response)
            if found := given_away(secrets, response.json(), request):
                raise GivenAway(found, response.text)

        run()
        gc.collect()  # whatever was dropped is noticed here, and not by some other test


@pytest.fixture(scope="module")
def fire(workspace: Workspace) -> Iterator[Fire]:
    issuer = Issuer()
    with asking(app_of(workspace, issuer)) as front_end:
        yield Fire(World(front_end, issuer))


def test_the_secrets_of_a_unit_are_of_nearly_everything_that_can_be_done(fire: Fire) -> None:
    for unit, done in fire.canaries.done.items():
        assert len(done) >= 55, (unit, sorted(done))
        assert len(fire.canaries.of[unit]) >= 120


@pytest.mark.parametrize("asker", ASKERS, ids=lambda asker: f"{asker.role} {asker.unit}")
def test_whatever_somebody_sends_is_answered_without_a_fault_and_without_a_word_that_is_not_for_them(
    fire: Fire, asker: Asker, pytestconfig: pytest.Config
) -> None:
    fire.stream(asker, fire.voice(asker), so_many(FEW, long=pytestconfig.getoption("--long")))


def everything(reach: Reach, *_: Any, **__: Any) -> Conditions:
    return ["TRUE"], dict(reach.parameters)


WITHOUT: Mapping[str, Callable[..., Any]] = {
    "holds": lambda *_: True,
    "holds_unit": lambda *_: True,
    "cases": everything,
    "by_case": everything,
    "by_unit": everything,
    "of_customers": everything,
}
"""The rules of reach, each as if it were not there."""


@pytest.mark.parametrize("rule", WITHOUT)
def test_without_any_one_rule_of_reach_such_documents_bring_out_what_is_not_for_their_asker(
    fire: Fire, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were it not so, the test above would hold whatever the program does."""
    monkeypatch.setattr(Reach, rule, WITHOUT[rule])
    reading = fire.voice(SUPERVISOR)._replace(changing=0, odd=0)
    with pytest.raises(GivenAway):
        fire.stream(SUPERVISOR, reading, so_many(UNTIL_NOTICED, long=False, shrinking=False))
