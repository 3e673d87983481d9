"""A small group with a case in each of its units, and front ends in every role that look at it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import httpx
from typing_extensions import override

from api.access.gate import Gate
from api.app import create_app
from api.graphql.identity import parts_of
from api.workspace import Workspace
from tests.api.access.issuing import Issuer
from tests.api.graphql.asking import FrontEnd

GROUP, NORTH, BEIJING, EAST = "集团", "华北分部", "北京网点", "华东分部"
UNITS = (GROUP, NORTH, BEIJING, EAST)


class Signed(FrontEnd):
    """A front end that sends a token with whatever it asks."""

    def __init__(self, front_end: FrontEnd, headers: Mapping[str, str]) -> None:
        super().__init__(front_end.portal, front_end.client)
        self.headers = dict(headers)

    @override
    def send(self, query: str, headers: Mapping[str, str] | None = None, **variables: Any) -> httpx.Response:
        return super().send(query, self.headers | dict(headers or {}), **variables)


class World:
    """The group, and who looks at it."""

    def __init__(self, front_end: FrontEnd, issuer: Issuer) -> None:
        self.front_end = front_end
        self.issuer = issuer
        self.administrator = self.signed("administrator", name="管理员")
        self.units: dict[str, str] = {}
        self.customers: dict[str, str] = {}
        self.cases: dict[str, str] = {}
        self.numbers: dict[str, str] = {}
        self.obligations: dict[str, str] = {}
        self.touchpoints: dict[str, str] = {}
        self.staff: dict[str, str] = {}
        self._fill()

    def signed(self, role: str, *, unit: str | None = None, name: str = "王芳", customer: str | None = None) -> Signed:
        """A front end of somebody in a role."""
        claims: dict[str, Any] = {"roles": [role], "preferred_username": name, "unit": unit or GROUP}
        if customer is not None:
            claims["customer"] = parts_of(customer)[2]
        return Signed(self.front_end, {"Authorization": f"Bearer {self.issuer.token(claims=claims)}"})

    def customer(self, unit: str) -> Signed:
        """A front end of the customer whose case a unit holds."""
        return self.signed("customer", customer=self.customers[unit])

    def _fill(self) -> None:
        by = self.administrator
        for unit, above in ((GROUP, None), (NORTH, GROUP), (BEIJING, NORTH), (EAST, GROUP)):
            parent = {} if above is None else {"parent": self.units[above]}
            kind = "GROUP" if above is None else "BRANCH"
            self.units[unit] = by.done("openUnit", name=unit, kind=kind, **parent)["id"]
            self.staff[unit] = by.done("registerStaff", name=f"{unit}的员工", unit=unit)["id"]
        for unit in (*UNITS, "nobody"):
            self._case(unit)

    def _case(self, unit: str) -> None:
        """One customer with one case, which a unit holds, or nobody."""
        by = self.administrator
        contact = {"kind": "PHONE", "value": "+86 138 0013 1111"}
        customer = by.done(
            "registerCustomer", kind="PERSON", name=f"客户{unit}", contacts=[contact], sourceKey=f"K-{unit}"
        )
        about = {"customerId": customer["id"]}
        case = by.done(
            "receiveCase",
            kind="COMPLAINT",
            channel="HOTLINE",
            words=f"{unit}: 我的话",
            sourceKey=f"INC-{unit}",
            **about,
        )["id"]
        held = {} if unit == "nobody" else {"unit": unit}
        self.numbers[unit] = by.done("registerCase", "number", caseId=case, **held)["number"]
        self.customers[unit], self.cases[unit] = customer["id"], case
        owed = {} if unit == "nobody" else {"unit": unit}
        self.obligations[unit] = by.done("openObligation", kind="TASK", title=f"{unit} 的事", caseId=case, **owed)["id"]
        met = by.done("recordTouchpoint", channel="HOTLINE", direction="IN", words="喂", caseId=case, **about, **held)
        self.touchpoints[unit] = met["id"]
        by.done("stateDue", caseId=case, target="resolution", dueAt="2199-01-01T00:00:00Z", statedBy="COMPANY")


def app_of(workspace: Workspace, issuer: Issuer) -> Any:
    """The application behind a gate of the issuer's."""
    return create_app(workspace, gate=Gate([issuer.tokens]))


def uuid_of(global_id: str) -> UUID:
    """The id inside a global id."""
    return UUID(parts_of(global_id)[2])
