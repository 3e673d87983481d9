"""Every view there is, folded or written event by event, in the order in which a runner looks after them."""

from __future__ import annotations

from typing import Any

from projections.audit_trail import AUDIT_TRAIL
from projections.case_file import CASE_FILE
from projections.customer_lookup import CUSTOMER_LOOKUP
from projections.customer_profile import CUSTOMER_PROFILE
from projections.movement import MOVEMENT
from projections.obligation import OBLIGATION
from projections.register import REGISTER
from projections.sla_timer import SLA_TIMER
from projections.staff import STAFF
from projections.timeline import TIMELINE
from projections.unit import UNIT
from projections.view import View

PROJECTIONS: tuple[View[Any], ...] = (
    CASE_FILE,
    CUSTOMER_PROFILE,
    CUSTOMER_LOOKUP,
    OBLIGATION,
    STAFF,
    UNIT,
    AUDIT_TRAIL,
    TIMELINE,
    MOVEMENT,
    REGISTER,
    SLA_TIMER,
)
