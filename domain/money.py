"""An amount of money, in whole minor units of one currency."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from domain.event import Count

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 code, such as CNY."""


class Money(BaseModel):
    """An amount in the currency's minor unit: 1250 of EUR is twelve euros fifty, 1250 of JPY is 1250 yen."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    minor_units: Count
    currency: Currency
