import json
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema

from api.graphql.schema import CONTRACT
from tests.api.graphql.test_contract import DATED, deprecations
from tests.clients.conftest import HERE, Workshop
from tests.conftest import PROJECT

EXPLAINED = {
    "5A70": "a query by GET stands in the logs of every proxy with what it asks for, so that there is none",
    "D6D5": "the same",
    "6A70": "the same",
}
"""What the audit would have or could have otherwise, by its ids, and why it is so."""
RELEASED = HERE / "released.graphql"
DECLARED = HERE / "breaking.toml"
SCALARS = json.loads(CONTRACT.with_name("codegen-scalars.json").read_text())


@pytest.mark.parametrize(
    "client", ["built/apollo.js", "built/urql.js", "built/relay/store.js", "example.js", "socket.js"]
)
def test_a_client_reads_writes_and_pages_with_the_types_made_from_the_schema(
    compiled: Workshop, url: str, client: str
) -> None:
    ended = ("--test", "--test-force-exit", "--test-timeout=20000")  # after a failure too, when a page is still open
    said = compiled.passes("node", "--import", "./extensions.js", *ended, client, DAYBOOK_URL=url)
    assert "# fail 0" in said
    assert "# pass 0" not in said


def test_a_document_that_does_not_fit_the_schema_is_found_before_it_is_sent(workshop: Workshop) -> None:
    wrong = {"schema": "../../api/graphql/schema.graphql", "documents": "wrong.graphql"}
    (workshop.clients / "wrong.graphql").write_text("query Wrong { cases { nodes { nubmer } } }")
    (workshop.clients / "wrong.json").write_text(json.dumps(wrong | {"generates": {"wrong/": {"preset": "client"}}}))
    found = workshop.run("graphql-codegen", "--config", "wrong.json")
    assert found.returncode == 1
    assert 'Cannot query field "nubmer" on type "Case"' in found.stdout + found.stderr


def test_the_linter_of_schemas_finds_nothing_in_the_published_schema(workshop: Workshop) -> None:
    (workshop.clients / "schema.graphql").write_bytes(CONTRACT.read_bytes())
    assert workshop.passes("eslint", "--max-warnings=0", "schema.graphql") == ""


def test_the_linter_finds_what_says_nothing_of_itself(workshop: Workshop) -> None:
    (workshop.clients / "schema.graphql").write_text(
        '"""Asks."""\ntype Query {\n  """Its."""\n  kind: Kind\n}\n\n"""K."""\nenum Kind {\n  ONE\n}\n'
    )
    assert "require-description" in workshop.run("eslint", "schema.graphql").stdout


def breaking(workshop: Workshop, before: Path, after: Path) -> list[str]:
    """Where a schema changed in a way that could break a front end built on it, and that it was not told of in time."""
    changes: list[dict[str, Any]] = json.loads(workshop.passes("node", "breaking.js", str(before), str(after)))
    told = {
        place: date.fromisoformat(dated[2])
        for place, reason in deprecations(build_schema(before.read_text("utf-8")))
        if (dated := DATED.fullmatch(reason))
    }
    today = datetime.now(UTC).date()
    return sorted(change["path"] for change in changes if told.get(change["path"], date.max) > today)


def test_what_breaks_front_ends_since_the_last_release_is_declared_with_its_day_and_reason(workshop: Workshop) -> None:
    declared = tomllib.loads(DECLARED.read_text("utf-8")).get("change", [])
    assert breaking(workshop, RELEASED, CONTRACT) == sorted(change["path"] for change in declared)
    assert [change for change in declared if not (isinstance(change["on"], date) and change["why"].endswith("."))] == []


def test_only_what_was_deprecated_and_whose_day_has_passed_goes_without_being_declared(
    workshop: Workshop, tmp_path: Path
) -> None:
    old, new = tmp_path / "old.graphql", tmp_path / "new.graphql"
    gone, soon = (
        f'@deprecated(reason: "Since 2026-01-01, until {day}: use a.")' for day in ("2026-07-01", "9999-01-01")
    )
    old.write_text(f"type Query {{ a: Int! b(c: Int): Int d: Int {gone} e: Int {soon} f: Int @deprecated g: Int }}")
    new.write_text("type Query { a: Int b(c: Int!): Int }")
    assert breaking(workshop, old, new) == ["Query.a", "Query.b.c", "Query.e", "Query.f", "Query.g"]
    new.write_text("type Query { a: Int! b(c: Int, more: Int): Int d: Int e: Int f: Int g: Int more: Int }")
    assert breaking(workshop, old, new) == []


def test_the_server_speaks_graphql_over_http_as_the_audit_has_it(workshop: Workshop, url: str) -> None:
    *found, counted = map(json.loads, workshop.passes("node", "audit.js", DAYBOOK_URL=url).splitlines())
    assert counted["audits"] > 60
    assert [each for each in found if each["status"] == "error"] == []
    assert {each["id"] for each in found} == EXPLAINED.keys()


def test_the_example_depends_on_the_versions_that_are_tried() -> None:
    example = json.loads((PROJECT / "examples" / "front-end" / "package.json").read_text())
    tried = json.loads((HERE / "package.json").read_text())
    wanted = example["dependencies"] | example["devDependencies"]
    assert wanted.items() <= tried["dependencies"].items()
    assert example["overrides"] == tried["overrides"]


def test_relay_is_told_the_published_types_of_the_scalars() -> None:
    relay = json.loads((HERE / "relay.config.json").read_text())
    assert relay["customScalarTypes"] | {"ID": "string"} == SCALARS


def test_the_lock_pins_by_hash_and_names_no_place_to_download_from() -> None:
    packages = json.loads((HERE / "package-lock.json").read_text())["packages"]
    del packages[""]
    assert [name for name, said in packages.items() if "integrity" not in said] == []
    assert [name for name, said in packages.items() if "resolved" in said] == []
