from domain.case.events import CasePaused, CaseResumed, PauseGround
from domain.correction import applied
from tests.domain.story import recorded


def test_a_history_that_nobody_corrected_is_folded_as_it_stands() -> None:
    history = [
        recorded(CasePaused(ground=PauseGround.CUSTOMER), 1),
        recorded(CaseResumed(ground=PauseGround.CUSTOMER), 2),
    ]
    assert list(applied(iter(history))) == history
