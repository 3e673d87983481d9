"""Files as fields: read once for a whole page, and read otherwise after a correction."""

from typing import Any

import pytest

from api.graphql.masking import masked
from tests.api.graphql.asking import FrontEnd
from tests.api.http.sending import SHOWN, Sender

PAGE = f"query($first: Int!) {{ cases(first: $first) {{ nodes {{ attachments {{ {SHOWN} }} }} }} }}"


@pytest.fixture(scope="module")
def sender(front_end: FrontEnd) -> Sender:
    return Sender(front_end)


def test_a_page_of_cases_with_their_files_takes_as_many_statements_as_one(
    sender: Sender, statements: list[str]
) -> None:
    for number in range(4):
        sender.attached(f"bill {number}".encode())
    token = sender.front_end.change("attachFile", attachmentId=sender.uploaded(b"x"))["consistencyToken"]
    asked = {"Daybook-Consistency-Token": token}
    sender.front_end.send(PAGE, asked, first=5)  # keys are read once a process
    counted = {}
    for first in (1, 5):
        statements.clear()
        answer = sender.front_end.send(PAGE, asked, first=first).json()
        nodes = answer["data"]["cases"]["nodes"]
        assert sum(len(node["attachments"]) for node in nodes) == len(nodes) == first
        counted[first] = len(statements)
    assert counted[1] == counted[5]


def test_a_name_that_was_corrected_is_the_one_that_is_shown_and_sent(sender: Sender) -> None:
    case = sender.received()
    named = sender.uploaded(b"bill", caseId=case, fileName="wrong.pdf")
    sender.front_end.done("attachFile", attachmentId=named, direction="IN")
    request: dict[str, Any] = {"recordId": case, "version": 2, "data": {"fileName": "right.pdf", "direction": None}}
    sender.front_end.done("requestCorrection", **request, reason="mixed up", requestedBy="grace")
    sender.front_end.done("approveAmendment", recordId=case, request=3, approvedBy="lin")
    document = f"query($id: ID!) {{ case(id: $id) {{ attachments {{ {SHOWN} }} }} }}"
    (shown,) = sender.front_end.ask(document, id=case)["case"]["attachments"]
    assert (shown["fileName"]["value"], shown["direction"]) == ("right.pdf", None)
    answer = sender.got(shown["download"]["url"])
    assert answer.headers["content-disposition"].endswith("filename*=UTF-8''right.pdf")
    assert answer.content == b"bill"


def test_nothing_of_a_name_is_shown_masked() -> None:
    assert masked("/file_name", "王小明 账单.pdf") == masked("/digest", "3c" * 32) == "**"
