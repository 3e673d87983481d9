import json
import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graphql import parse, validate
from strawberry.utils.str_converters import to_camel_case

from api.graphql import limits
from api.graphql.connection import MOST_A_PAGE
from api.graphql.mutations import MUTATIONS
from api.graphql.problem import Code
from api.graphql.schema import SCHEMA
from tests.api.graphql.asking import FrontEnd
from tests.api.graphql.following import Follower
from tests.api.guides.page import Question, opaque, questions, read
from tests.conftest import PROJECT

GUIDE = read("front-end.md")
STEP = re.compile(
    r"^\| (\d\d-\d\d) (\d\d:\d\d) \| [^|]+ \| `(\w+)` \| `(.+?)` \| `(\w+)` \| (?:`(\w+)` )?\|$", re.MULTILINE
)
EXAMPLE = PROJECT / "examples" / "front-end"
CODE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
YEAR = re.compile(r"\bC\d{4}-")
LIFE = "## The life of a case"
UPLOADED = re.compile(r"^printf '(.*)' \| curl --upload-file - http\S+$", re.MULTILINE)


class Step(NamedTuple):
    """A line of the table of a case's life."""

    day: str
    time: str
    mutation: str
    input: str
    status: str
    open_loop: str


@dataclass
class Reader:
    """Somebody who sends everything on the page in its order, with what answers gave where the page shortens it."""

    front_end: FrontEnd
    follower: Follower
    known: dict[str, Any] = field(default_factory=dict)

    def ask(self, question: Question) -> dict[str, Any]:
        """The answer; that of a mutation, which is sent twice, has to be the same."""
        variables = self.filled(question.variables)
        if question.document.startswith("subscription"):
            return self.follow(question, variables)
        answer = self.front_end.ask(question.document, **variables)
        if question.document.startswith("mutation"):
            assert opaque(self.front_end.ask(question.document, **variables)) == opaque(answer)
        self.learn(answer)
        return answer

    def follow(self, question: Question, variables: dict[str, Any]) -> dict[str, Any]:
        """The first item of what is followed; of what has none on the page that it can be followed."""
        with self.follower.following(question.document, **variables) as stream:
            if question.answer is None:
                assert validate(SCHEMA._schema, parse(question.document)) == []
                return {}
            answer: dict[str, Any] = stream.result().data
        self.learn(answer)
        return answer

    def filled(self, value: Any, key: str = "") -> Any:
        """Variables with the ids, tokens and numbers of this book."""
        if isinstance(value, dict):
            return {inner_key: self.filled(inner, inner_key) for inner_key, inner in value.items()}
        shortened = isinstance(value, str) and (value.endswith("…") or YEAR.match(value))
        return self.known[key] if shortened else value

    def learn(self, answer: Any) -> None:
        """Keeps what a later question may need."""
        for name, value in answer.items() if isinstance(answer, dict) else ():
            if name in {"case", "customer", "record"} and value and "id" in value:
                self.known[f"{name}Id"] = value["id"]
            if name == "upload":
                self.bring(value["url"])
            if name in {"number", "consistencyToken", "attachmentId"} and value:
                self.known[name] = value
            if name == "consistencyToken" and "after" not in self.known:
                self.known["after"] = value
            self.learn(value)
        if "caseId" in self.known:
            self.known |= {"id": self.known["caseId"], "recordId": self.known["caseId"]}

    def bring(self, url: str) -> None:
        """Uploads what the page uploads."""
        (text,) = UPLOADED.findall(GUIDE)
        data = text.replace("\\n", "\n").encode()
        answer = self.front_end.portal.call(lambda: self.front_end.client.put(url, content=data))
        assert answer.status_code == 200, answer.text

    def take(self, step: Step) -> None:
        """A step in the life of the case, which has to come out as the table says."""
        when = f"2026-{step.day}T{step.time}:00+08:00"
        asked = {"caseId": self.known["caseId"], "occurredAt": when, "occurredZone": "Asia/Shanghai"}
        case = self.front_end.done(step.mutation, "number status openLoops", **asked, **json.loads(step.input))
        assert (case["status"], case["openLoops"]) == (step.status, [step.open_loop] if step.open_loop else []), step
        self.learn(case)


def of_any_year(answer: Any) -> Any:
    """An answer in which register numbers are of the year of the page, whatever year it is."""
    return json.loads(YEAR.sub("C2026-", json.dumps(answer, ensure_ascii=False)))


def test_the_guide_is_followed_from_top_to_bottom_and_answers_as_it_shows(
    front_end: FrontEnd, follower: Follower
) -> None:
    reader = Reader(front_end, follower)
    before, after = GUIDE.split(LIFE)
    for question in questions(before):
        assert opaque(reader.ask(question)) == opaque(question.answer), question.name
    for step in STEP.findall(after):
        reader.take(Step(*step))
    for question in questions(after):
        answer = of_any_year(opaque(reader.ask(question)))
        assert question.answer is None or answer == opaque(question.answer), question.name


def test_the_guide_has_its_examples_and_its_steps() -> None:
    assert (len(questions(GUIDE)), len(STEP.findall(GUIDE))) == (27, 17)


def test_the_programs_that_the_guide_shows_are_parts_of_the_example() -> None:
    sources = [path.read_text("utf-8") for path in (EXAMPLE / "codegen.ts", *(EXAMPLE / "src").iterdir())]
    shown = [(kind, text) for kind, text in CODE.findall(GUIDE) if kind not in {"graphql", "json", "sh"}]
    assert [kind for kind, _ in shown] == ["ts"] * 5 + ["tsx"] * 4
    assert [text for _, text in shown if not any(text in source for source in sources)] == []


def test_the_guide_names_every_scalar_with_its_type() -> None:
    published = json.loads((PROJECT / "api" / "graphql" / "codegen-scalars.json").read_text())
    assert [name for name, kind in published.items() if f"| `{name}` | `{kind}` |" not in GUIDE] == []


def test_the_guide_names_every_mutation() -> None:
    names = [to_camel_case(mutation.name) for mutation in MUTATIONS]
    assert [name for name in names if not re.search(rf"\b{name}\b", GUIDE)] == []


def test_the_guide_names_every_code_and_every_limit() -> None:
    assert [code for code in Code if f"`{code}`" not in GUIDE] == []
    sizes = (limits.MOST_TOKENS, *limits.LIMITS, MOST_A_PAGE)
    assert [size for size in sizes if not re.search(rf"\b{size}\b", GUIDE)] == []
