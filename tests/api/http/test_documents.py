import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.http.documents import APOLLO, manifest_in
from api.settings import WrongSetting
from tests.api.graphql.asking import FrontEnd, asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.conftest import Database

HEAD = "query Head { ledgerHead { book } }"
TIME = "query Time { ledgerHead { time } }"
HASH = sha256(HEAD.encode()).hexdigest()
BOOK = {"data": {"ledgerHead": {"book": "main"}}}
PLAIN = {HASH: HEAD, "time-1": TIME}
OF_APOLLO = {
    "format": APOLLO,
    "version": 1,
    "operations": [
        {"id": HASH, "name": "Head", "type": "query", "body": HEAD},
        {"id": "time-1", "name": "Time", "type": "query", "body": TIME},
    ],
}


def written(folder: Path, manifest: Any) -> Path:
    path = folder / "manifest.json"
    path.write_text(json.dumps(manifest))
    return path


def told(response: httpx.Response) -> tuple[int, str]:
    (error,) = response.json()["errors"]
    return response.status_code, error["extensions"]["code"]


def by_hash(hashed: str, **more: Any) -> dict[str, Any]:
    """As Apollo's clients ask."""
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hashed}}, **more}


@pytest.mark.parametrize("manifest", [PLAIN, OF_APOLLO], ids=["relay and codegen", "apollo"])
def test_a_manifest_is_read_as_its_tools_write_it(tmp_path: Path, manifest: Any) -> None:
    assert manifest_in(written(tmp_path, manifest)) == PLAIN


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ([HEAD], "is no manifest of documents"),
        ({"a": {"query": HEAD}}, "is no manifest of documents"),
        ({"format": "another", "version": 1, "operations": []}, "of the format 'another'"),
        ({**OF_APOLLO, "version": 2}, "version 1, is read"),
        ({**OF_APOLLO, "operations": [{"id": "a"}]}, "without its id or its body"),
    ],
)
def test_what_is_no_manifest_is_told(tmp_path: Path, manifest: Any, said: str) -> None:
    with pytest.raises(WrongSetting, match=said):
        manifest_in(written(tmp_path, manifest))
    with pytest.raises(WrongSetting, match="cannot be read"):
        manifest_in(tmp_path / "nowhere.json")


def test_a_trusted_document_is_asked_for_by_its_id(database: Database, tmp_path: Path) -> None:
    manifest = written(tmp_path, PLAIN)
    with (
        opened(database, documents=manifest) as workspace,
        asking(create_app(workspace, development_actor=ACTOR)) as front_end,
    ):
        for asked in ({"documentId": HASH}, {"documentId": f"sha256:{HASH}"}, by_hash(HASH), by_hash(HASH, query=TIME)):
            assert front_end.posted(asked).json() == BOOK, asked
        time_hash = sha256(TIME.encode()).hexdigest()
        for asked in ({"documentId": "time-1"}, {"documentId": f"sha256:{time_hash}"}):
            assert front_end.posted(asked).json() == {"data": {"ledgerHead": {"time": "LIVE"}}}
        assert front_end.posted({"query": "{ ledgerHead { book } }"}).json() == BOOK
        assert front_end.posted(by_hash("0" * 64, query="{ ledgerHead { book } }")).json() == BOOK
        for asked in ({"documentId": "time-2"}, by_hash("0" * 64)):
            assert told(front_end.posted(asked)) == (400, "PERSISTED_QUERY_NOT_FOUND")
        for asked in ({"documentId": 7}, {"extensions": {"persistedQuery": [HASH]}}, by_hash(7)):  # type: ignore[arg-type]
            assert told(front_end.posted(asked)) == (400, "BAD_REQUEST")


def test_where_only_trusted_documents_are_carried_out_no_other_is(database: Database, tmp_path: Path) -> None:
    manifest = written(tmp_path, PLAIN)
    with (
        opened(database, documents=manifest, documents_only=True) as workspace,
        asking(create_app(workspace, development_actor=ACTOR)) as front_end,
    ):
        for asked in (
            {"documentId": HASH},
            {"query": HEAD},
            {"documentId": HASH, "query": "{ customers { nodes { id } } }"},
        ):
            assert front_end.posted(asked).json() == BOOK, asked
        for asked in ({"query": f"{HEAD} "}, {"query": "{ __schema { types { name } } }"}):
            assert told(front_end.posted(asked)) == (403, "DOCUMENT_NOT_TRUSTED")
        assert told(front_end.posted(by_hash("0" * 64, query=HEAD))) == (400, "PERSISTED_QUERY_NOT_FOUND")
        assert front_end.got("/graphql", headers={"Accept": "text/html"}).status_code == 405


def test_without_a_manifest_clients_are_told_to_send_whole_documents(front_end: FrontEnd) -> None:
    for asked in ({"documentId": HASH}, by_hash(HASH)):
        assert told(front_end.posted(asked)) == (400, "PERSISTED_QUERY_NOT_SUPPORTED")
    assert front_end.posted(by_hash(HASH, query=HEAD)).json() == BOOK


def test_a_mode_without_a_manifest_is_refused_at_the_start(database: Database) -> None:
    with opened(database, documents_only=True) as workspace, pytest.raises(WrongSetting, match="names no manifest"):
        create_app(workspace, development_actor=ACTOR)
