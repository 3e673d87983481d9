from uuid import UUID

from domain.book import BOOK, BookOpened, BookTime, OpenBook
from tests.domain.story import MONDAY, Story

story = Story(BOOK)
opened = BookOpened(origin="daybook.example/main", zone="Asia/Shanghai", time=BookTime.LIVE, formats=("envelope.1",))
open_it = OpenBook(
    at=MONDAY,
    book_id=UUID(int=1),
    origin="daybook.example/main",
    book_zone="Asia/Shanghai",
    time=BookTime.LIVE,
    formats=("envelope.1",),
)


def test_a_book_begins_with_its_genesis() -> None:
    story.when(open_it).then(opened)


def test_a_book_opened_just_so_is_not_opened_again() -> None:
    story.given(opened).when(open_it).then_nothing()


def test_a_book_does_not_change_from_live_to_simulated() -> None:
    simulated = open_it.model_copy(update={"time": BookTime.SIMULATED})
    story.given(opened).when(simulated).then_refused("BOOK_ALREADY_OPEN", "open already")
