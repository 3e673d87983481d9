from uuid import UUID

from domain.revealing import REVEALING, PersonalRevealed, RevealedValue, RevealPersonal
from tests.domain.story import MONDAY, Story

story = Story(REVEALING)
value = RevealedValue(stream="case-1", version=1, path="/words", as_read=True)
ask = RevealPersonal(at=MONDAY, access_id=UUID(int=1), purpose="sampling 2026-1", values=(value,))
revealed = PersonalRevealed(purpose="sampling 2026-1", values=(value,))


def test_what_is_revealed_is_kept_with_its_purpose() -> None:
    story.when(ask).then(revealed)


def test_the_same_again_is_kept_once() -> None:
    story.given(revealed).when(ask).then()


def test_other_values_or_another_purpose_are_another_revealing() -> None:
    other = ask.model_copy(update={"purpose": "curiosity"})
    story.given(revealed).when(other).then_refused("RECORDED_OTHERWISE", "reveal these under a new one")
