"""The clocks behind all rows of a report at once."""

import pytest

from ledger.ledger import Ledger
from projections.compliance import clocks_of_rows, report
from projections.compliance_question import IN_ORDER, By, Figure, Grouping
from projections.paging import Window
from tests.projections.test_compliance import key_of_row, question, random_book

__all__ = ["random_book"]


@pytest.mark.parametrize("by", By)
@pytest.mark.parametrize("groups", [(Grouping.BRANCH, Grouping.TIER), (Grouping.MONTH,), ()], ids=len)
def test_pages_of_all_rows_at_once_are_those_of_each_by_itself(
    random_book: Ledger, by: By, groups: tuple[Grouping, ...]
) -> None:
    worst = (("promises", 1, "resolution"), ("promises", 2, "legal"))
    asked_of = question(by=by, groups=groups, worst=worst)
    answer = report(random_book.database, "main", asked_of)
    keys = list(dict.fromkeys(map(key_of_row, (*answer.rows, *answer.totals))))
    assert len(keys) > 1
    for figure in (Figure.CLOCKS, Figure.MISSED):
        for window in (Window(IN_ORDER[by], limit=3), Window(IN_ORDER[by], from_end=True, limit=2)):
            one_by_one = {
                key: clocks_of_rows(random_book.database, "main", asked_of, [key], window, figure)[key] for key in keys
            }
            assert clocks_of_rows(random_book.database, "main", asked_of, keys, window, figure) == one_by_one
