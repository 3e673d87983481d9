import pytest

from projections.audit_trail import Override
from tests.api.cli.conftest import CommandLine
from tests.api.graphql.asking import FrontEnd
from tests.api.guides.page import Question, Typed, commands, opaque, questions, read, trimmed

GUIDES = ("auditor.md", "compliance.md")
QUESTIONS = [pytest.param(one, id=f"{guide}-{one.name}") for guide in GUIDES for one in questions(read(guide))]
TYPED = [pytest.param(one, id=f"{guide}-{' '.join(one.words)}") for guide in GUIDES for one in commands(read(guide))]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_of_a_guide_is_answered_as_the_guide_shows(screen: FrontEnd, question: Question) -> None:
    assert opaque(screen.ask(question.document, **question.variables)) == opaque(question.answer)


@pytest.mark.parametrize("typed", TYPED)
def test_a_command_of_a_guide_answers_as_the_guide_shows(daybook: CommandLine, typed: Typed) -> None:
    result = daybook(*typed.words)
    answer = trimmed(result.stdout.splitlines())
    assert (result.exit_code, "Nothing was recorded" in result.stdout) == (0, False), result.stderr
    assert answer
    if typed.shown:
        assert answer == list(typed.shown)


@pytest.mark.parametrize(
    ("guide", "asked", "typed", "shown"), [("auditor.md", 10, 13, 1), ("compliance.md", 18, 34, 21)]
)
def test_a_guide_has_its_examples(guide: str, asked: int, typed: int, shown: int) -> None:
    lines = commands(read(guide))
    assert (len(questions(read(guide))), len(lines), sum(bool(one.shown) for one in lines)) == (asked, typed, shown)


def test_the_auditors_guide_names_every_kind_of_override() -> None:
    assert [kind for kind in Override if f"`{kind.name}`" not in read("auditor.md")] == []
