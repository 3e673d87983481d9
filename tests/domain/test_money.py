import pytest
from pydantic import ValidationError

from domain.money import Money


@pytest.mark.parametrize(("amount", "currency"), [(-1, "CNY"), (2**53, "CNY"), (1.5, "CNY"), (1, "yuan"), (1, "cny")])
def test_money_is_whole_minor_units_of_a_currency(amount: float, currency: str) -> None:
    with pytest.raises(ValidationError):
        Money.model_validate({"minor_units": amount, "currency": currency})


def test_the_largest_amount_is_what_every_json_reader_keeps() -> None:
    assert Money(minor_units=2**53 - 1, currency="JPY").minor_units == 9007199254740991
