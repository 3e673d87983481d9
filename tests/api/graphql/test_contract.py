"""The schema as it is published: what front ends and their tools may rely on, and what tools cannot say of it."""

import json
import re
from collections.abc import Iterator
from datetime import date

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    specified_scalar_types,
)

from api.graphql.schema import CONTRACT

PUBLISHED: GraphQLSchema = build_schema(CONTRACT.read_text())
SCALARS = CONTRACT.with_name("codegen-scalars.json")
ASKED = re.compile(r"(Input|Filter|Order|Condition|Known)$")
"""A mutation's input, or a part of a question: which, in what order, on what condition, as known when."""
DATED = re.compile(r"Since (\d{4}-\d\d-\d\d), until (\d{4}-\d\d-\d\d): \S.*\.", re.DOTALL)
"""How a deprecation reads: since when, from when on the field may be missing, and what to use instead."""
NO_NODES = {
    "Attachment": "it stands with what it belongs to, under one id wherever that is shown",
    "AbsorbedCustomer": "its id leads to the survivor",
    "PersonalString": "its id says where it lies, and its state is shown wherever it is shown",
    "SlaClockFace": "it is what the two that follow have in common",
    "SlaClockSnapshot": "it is found again by the snapshot of its case, or by the report, that it stands in",
    "SlaClock": "it is asked for by `slaClock`, since what it shows is worked out for the asking",
}
"""Types with an id that `node` does not answer."""


def with_fields(schema: GraphQLSchema) -> Iterator[tuple[str, GraphQLObjectType | GraphQLInterfaceType]]:
    """The types that answer, by their names."""
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not name.startswith("__"):
            yield name, kind


def deprecations(schema: GraphQLSchema) -> Iterator[tuple[str, str]]:
    """Where something is deprecated, and the reason given."""
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLEnumType):
            parts = dict(kind.values)
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            parts = dict(kind.fields)
        else:
            continue
        for part_name, part in parts.items():
            if part.deprecation_reason is not None:
                yield f"{name}.{part_name}", part.deprecation_reason
            for argument_name, argument in part.args.items() if isinstance(part, GraphQLField) else ():
                if argument.deprecation_reason is not None:
                    yield f"{name}.{part_name}.{argument_name}", argument.deprecation_reason


def undated(schema: GraphQLSchema) -> list[str]:
    """Deprecations that do not say from when until when, with at least half a year between."""
    lost = []
    for place, reason in deprecations(schema):
        told = DATED.fullmatch(reason)
        since, until = (date.fromisoformat(day) for day in told.groups()) if told else (date.min, date.min)
        if (until - since).days < 180:
            lost.append(place)
    return lost


def test_a_deprecation_says_since_when_until_when_and_what_to_use_instead() -> None:
    assert undated(PUBLISHED) == []
    told = '@deprecated(reason: "Since 2026-11-22, until 2027-11-22: use `b`.")'
    soon = '@deprecated(reason: "Since 2026-11-22, until 2026-12-22: use `b`.")'
    schema = build_schema(
        f"""type Query {{ a(x: Int {told}, y: Int @deprecated): Int {told} b: Int {soon} c: E }}
            input I {{ d: Int @deprecated(reason: "old") }}
            enum E {{ F @deprecated(reason: "Since 2026-11-22: use G.") G {told} }}"""
    )
    assert undated(schema) == ["Query.a.y", "Query.b", "I.d", "E.F"]


def test_every_scalar_leads_to_its_specification_and_has_a_published_type_for_code_generators() -> None:
    scalars = {
        name: kind
        for name, kind in PUBLISHED.type_map.items()
        if isinstance(kind, GraphQLScalarType) and name not in specified_scalar_types
    }
    assert [name for name, kind in scalars.items() if not (kind.specified_by_url or "").startswith("https://")] == []
    published: dict[str, str] = json.loads(SCALARS.read_text())
    assert list(published) == sorted([*scalars, "ID"])


def test_every_connection_has_edges_nodes_and_a_page_info_and_is_cut_from_both_ends() -> None:
    found = 0
    for name, kind in with_fields(PUBLISHED):
        if name.endswith("Connection"):
            edge = get_named_type(kind.fields["edges"].type)
            assert isinstance(edge, GraphQLObjectType)
            assert str(kind.fields["edges"].type) == f"[{edge.name}!]!"
            assert edge.fields.keys() == {"cursor", "node"}
            assert str(kind.fields["nodes"].type) == f"[{edge.fields['node'].type}]!"
            assert str(kind.fields["pageInfo"].type) == "PageInfo!"
        for field in kind.fields.values():
            if get_named_type(field.type).name.endswith("Connection"):
                pages = {argument: str(field.args[argument].type) for argument in ("first", "after", "last", "before")}
                assert pages == {"first": "Int", "after": "String", "last": "Int", "before": "String"}
                assert str(field.type).endswith("Connection!")
                found += 1
    assert found > 20


def test_what_is_asked_with_and_what_comes_of_it_is_named_so() -> None:
    inputs = [name for name, kind in PUBLISHED.type_map.items() if isinstance(kind, GraphQLInputObjectType)]
    assert [name for name in inputs if not ASKED.search(name)] == []
    mutations = PUBLISHED.mutation_type
    assert mutations is not None
    for name, field in mutations.fields.items():
        pascal = name[0].upper() + name[1:]
        assert [str(argument.type) for argument in field.args.values()] == [f"{pascal}Input!"]
        assert str(field.type) == f"{pascal}Payload!"


def test_only_what_keeps_its_id_everywhere_has_a_field_of_that_name() -> None:
    """Caches of clients keep one object a type and `id`: what has one within something else would get mixed up."""
    for name, kind in with_fields(PUBLISHED):
        if "id" in kind.fields:
            assert str(kind.fields["id"].type) == "ID!", name
            known = {"Node"} & {name, *(interface.name for interface in kind.interfaces)}
            assert known or name in NO_NODES, name


def test_node_is_asked_for_by_its_id_alone_as_relay_knows_it() -> None:
    query = PUBLISHED.query_type
    assert query is not None
    assert {name: str(argument.type) for name, argument in query.fields["node"].args.items()} == {"id": "ID!"}
    assert str(query.fields["node"].type) == "Node"


def reached_from(name: str) -> set[str]:
    """The types with fields to which an answer of a type leads."""
    found: set[str] = set()
    waiting = [PUBLISHED.type_map[name]]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and kind.name not in found:
            found.add(kind.name)
            waiting += [get_named_type(field.type) for field in kind.fields.values()]
    return found


def test_what_never_happened_has_types_of_its_own_throughout() -> None:
    assert {name for name in reached_from("HypotheticalOutcome") if not name.startswith("Hypothetical")} == set()


def test_the_past_has_types_of_its_own_and_says_what_the_live_ones_say() -> None:
    case, past = PUBLISHED.type_map["Case"], PUBLISHED.type_map["CaseSnapshot"]
    assert isinstance(case, GraphQLObjectType)
    assert isinstance(past, GraphQLObjectType)
    # What is only of now: pages of other views, what may be done, files, and the way into the past itself.
    only_now = {"movements", "audit", "timeline", "allowedActions", "pauseGrounds", "attachments", "asOf"}
    assert case.fields.keys() - past.fields.keys() == only_now
    assert past.fields.keys() - case.fields.keys() == {"case", "knownAt", "validAt", "knownPosition", "knownBy"}
    different = {
        name: (str(case.fields[name].type), str(field.type))
        for name, field in past.fields.items()
        if name in case.fields and str(case.fields[name].type) != str(field.type)
    }
    assert different == {
        "mergedInto": ("Case", "CaseSnapshot"),
        "absorbed": ("[Case!]!", "[CaseSnapshot!]!"),
        "clocks": ("[SlaClock!]!", "[SlaClockSnapshot!]!"),
    }
    assert "SlaClock" not in {get_named_type(field.type).name for field in past.fields.values()}


def test_a_customers_past_has_a_type_of_its_own_and_says_what_the_live_one_says() -> None:
    customer, past = PUBLISHED.type_map["Customer"], PUBLISHED.type_map["CustomerSnapshot"]
    assert isinstance(customer, GraphQLObjectType)
    assert isinstance(past, GraphQLObjectType)
    # What is only of now: pages and counts of other views, what may be done, files, and the way into the past itself.
    only_now = {"cases", "caseCount", "openCaseCount", "timeline", "audit", "attachments", "allowedActions", "asOf"}
    assert customer.fields.keys() - past.fields.keys() == only_now
    more = {"customer", "mergedInto", "mergedAt", "knownAt", "validAt", "knownPosition", "knownBy"}
    assert past.fields.keys() - customer.fields.keys() == more
    different = {
        name: (str(customer.fields[name].type), str(field.type))
        for name, field in past.fields.items()
        if name in customer.fields and str(customer.fields[name].type) != str(field.type)
    }
    assert different == {"absorbed": ("[AbsorbedCustomer!]!", "[CustomerSnapshot!]!")}
