import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from graphql import parse

from api.access.page import rendered
from api.access.principal import Role
from api.access.rules import BadRules, Scope, Showing, rights, rights_in, table
from api.graphql.permission import coordinates_of, refused
from api.graphql.schema import SCHEMA
from api.ingest.vocabulary import kinds
from tests.api.access.expecting import allowed_by, expected, fields


def test_every_role_may_ask_for_what_the_list_says_and_for_nothing_else() -> None:
    found, wanted = allowed_by(table()), expected().allowed
    assert sorted(found - wanted) == []
    assert sorted(wanted - found) == []


def test_every_field_and_every_mutation_of_the_schema_stands_in_the_list() -> None:
    there = {f"{kind}.{field}" for kind, names in fields().items() for field in names}
    assert sorted(there - expected().named) == []
    assert sorted(expected().named - there) == []


def test_every_role_has_the_scope_and_the_sight_of_personal_values_that_the_list_says() -> None:
    assert {role: (each.scope, each.personal) for role, each in rights().items()} == expected().ways


def test_what_the_table_names_is_in_the_schema_or_a_type_of_item() -> None:
    types = SCHEMA._schema.type_map
    for bundle in table()["reading"].values():
        for kind, names in bundle.items():
            assert set(names) - {"*"} <= set(getattr(types[kind], "fields", ())), kind
    assert {one for bundle in table()["doing"].values() for one in bundle} == set(fields()["Mutation"])
    assert {one for bundle in table()["bringing"].values() for one in bundle} == set(kinds())


def lists_in(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where the lists of a table are."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from lists_in(inner, (*path, name))
    elif isinstance(value, list):
        yield path


def rules() -> list[tuple[tuple[str, ...], int]]:
    """Where each single rule of the table stands."""
    return [(path, at) for path in lists_in(table()) for at in range(len(_at(table(), path)))]


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = value[name]
    return value


def test_no_rule_can_be_taken_away_without_the_list_noticing() -> None:
    wanted, unnoticed = expected().allowed, []
    every = rules()
    for path, at in every:
        without = copy.deepcopy(dict(table()))
        gone = _at(without, path).pop(at)
        if allowed_by(without) == wanted:
            unnoticed.append((*path, gone))
    assert unnoticed == []
    assert len(every) > 350


@pytest.mark.parametrize("role", Role)
def test_no_role_can_be_given_another_scope_or_sight_without_the_list_noticing(role: Role) -> None:
    ways = expected().ways
    for name, ways_of in (("scope", Scope), ("personal", Showing)):
        for way in ways_of:
            changed = copy.deepcopy(dict(table()))
            changed["roles"][role.value][name] = way.value
            assert _keeps(changed, ways) is (way in ways[role]), (name, way)


def _keeps(changed: Mapping[str, Any], ways: Mapping[Role, tuple[Scope, Showing]]) -> bool:
    """Whether a table is one, and leaves every role its scope and its sight."""
    try:
        found = rights_in(changed)
    except BadRules:
        return False
    return {each: (had.scope, had.personal) for each, had in found.items()} == ways


NOTHING_NEW = {
    "own": set(Role) - {Role.CUSTOMER},
    "speaking": {Role.AGENT, Role.SUPERVISOR, Role.ADMINISTRATOR},
}
"""What customers see and do of their own, those who handle their cases see and do as well."""


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("which", "of"), [("reads", "reading"), ("does", "doing")])
def test_no_role_can_be_given_another_bundle_without_the_list_noticing(role: Role, which: str, of: str) -> None:
    unnoticed = set()
    for bundle in set(table()[of]) - set(table()["roles"][role.value][which]):
        changed = copy.deepcopy(dict(table()))
        changed["roles"][role.value][which].append(bundle)
        if allowed_by(changed) == expected().allowed:
            unnoticed.add(bundle)
    assert unnoticed == {bundle for bundle, roles in NOTHING_NEW.items() if bundle in table()[of] and role in roles}


@pytest.mark.parametrize("bundle", table()["doing"])
def test_no_mutation_can_be_put_in_a_bundle_without_the_list_noticing(bundle: str) -> None:
    having = {role for role in Role if bundle in table()["roles"][role.value]["does"]}
    wanted = {each for each in expected().allowed if each[1].startswith("Mutation.")}
    for mutation in fields()["Mutation"]:
        changed = copy.deepcopy(dict(table()))
        changed["doing"][bundle].append(mutation)
        found = {(role, f"Mutation.{one}") for role, had in rights_in(changed).items() for one in had.mutations}
        theirs = {(role, f"Mutation.{mutation}") for role in having}
        assert (found == wanted) is (theirs <= wanted), mutation


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("name", ["scope", "personal", "reads", "does", "brings"])
def test_a_table_that_leaves_something_out_of_a_role_is_none(role: Role, name: str) -> None:
    without = copy.deepcopy(dict(table()))
    del without["roles"][role.value][name]
    with pytest.raises(BadRules, match=name):
        rights_in(without)


def test_a_table_without_one_of_the_roles_or_with_another_one_is_none() -> None:
    without = copy.deepcopy(dict(table()))
    del without["roles"]["service"]
    with pytest.raises(BadRules, match="leaves out service"):
        rights_in(without)
    without["roles"]["king"] = without["roles"]["agent"]
    with pytest.raises(BadRules, match="king"):
        rights_in(without)


def test_a_role_that_is_told_of_a_part_brings_in_nothing() -> None:
    other = copy.deepcopy(dict(table()))
    other["roles"]["agent"]["brings"] = ["heard"]
    with pytest.raises(BadRules, match="scope all"):
        rights_in(other)


# What a document asks for ---------------------------------------------------------------------------------------------


def asked(text: str, operation: int = 0) -> list[str]:
    document = parse(text)
    found: Any = document.definitions[operation]
    return sorted(f"{kind}.{field}" for kind, field in coordinates_of(document, found, SCHEMA._schema))


def test_fields_are_found_under_aliases_in_fragments_and_on_types_behind_an_interface() -> None:
    document = """
    query($id: ID!) {
      a: node(id: $id) { __typename id ...of ... on Case { b: audit { nodes { position } } } ... { id } }
    }
    fragment of on Node { ... on Customer { name { value } ...again } }
    fragment again on Customer { sourceKey ...again }
    """
    assert asked(document) == [
        "AuditEntry.position", "AuditEntryConnection.nodes", "Case.audit", "Customer.name", "Customer.sourceKey",
        "Node.id", "PersonalString.value", "Query.node",
    ]  # fmt: skip


def test_what_a_document_skips_counts_as_asked_for() -> None:
    assert asked("{ register @skip(if: true) { series { series } } }") == [
        "Query.register", "RegisterConnection.series", "RegisterSeries.series",
    ]  # fmt: skip


def test_only_the_operation_that_is_carried_out_counts() -> None:
    assert asked("query a { ledgerHead { book } } query b { viewer { name } }", 1) == ["Query.viewer", "Viewer.name"]


def test_what_is_refused_is_named() -> None:
    coordinates = frozenset({("Query", "register"), ("Query", "case"), ("Mutation", "openUnit")})
    assert refused(Role.AGENT, coordinates) == ["Mutation.openUnit", "Query.register"]
    assert refused(Role.ADMINISTRATOR, coordinates) == []


# The page -------------------------------------------------------------------------------------------------------------


def test_the_page_on_permissions_is_what_the_table_says() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "permissions.md"
    assert page.read_text("utf-8") == rendered(), "python -m api.access.page > docs/permissions.md"
