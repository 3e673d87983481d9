import pytest

from api.graphql.masking import masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("王小明", "王**"),
        ("王", "王**"),
        ("Ada Lovelace", "A**"),
        ("محمد", "م**"),
        ("  ", "**"),
        ("", "**"),
    ],
)
def test_of_a_name_the_first_character_is_shown(text: str, shown: str) -> None:
    assert masked("/name", text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+86 138 0013 1111", "+86 138 **** 1111"),
        ("13800131111", "138 **** 1111"),
        ("010-6552 9988", "010 **** 9988"),
        ("6552998", "**** 998"),
        ("+44 20 7946 0958", "+44 207 **** 0958"),
        ("+8613800131111", "861 **** 1111"),
        ("wang@example.com", "w**@example.com"),
        ("@example.com", "**@example.com"),
        ("wechat-ada", "**"),
        ("朝阳区建国路1号", "**"),
        ("12345", "**"),
    ],
)
def test_of_a_contact_so_much_is_shown_that_two_can_be_told_apart(text: str, shown: str) -> None:
    assert masked("/value", text) == shown


def test_of_what_somebody_said_nothing_is_shown() -> None:
    assert masked("/words", "我叫王小明，电话 13800131111") == "**"
