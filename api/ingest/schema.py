"""The form of items as a JSON Schema, for those who write programs that send them.

Run as a module it prints docs/ingest.schema.json: `python -m api.ingest.schema`.
"""

from __future__ import annotations

import sys
from typing import Any

import orjson
from pydantic import BaseModel

from api.ingest.reading import EXTENSION, Envelope
from api.ingest.vocabulary import kinds

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFS = "#/$defs/{model}"


def schema() -> dict[str, Any]:
    """The schema of one item."""
    shared: dict[str, Any] = {}
    types = {name: _of(kind.data, shared) for name, kind in kinds().items()}
    item = _of(Envelope, shared)
    item["properties"]["type"] = {"description": "What is to be recorded.", "enum": list(types)}
    del item["additionalProperties"]
    named = {"enum": list(item["properties"])}
    return {
        "$schema": DIALECT,
        "title": "An item for Daybook",
        **item,
        "if": {"required": ["specversion"]},
        "then": {"propertyNames": {"anyOf": [named, {"pattern": f"^{EXTENSION.pattern}$"}]}},
        "else": {"propertyNames": named},
        "oneOf": [
            {"properties": {"type": {"const": name}, "data": {"$ref": f"#/$defs/{name}"}}, **_needs(of)}
            for name, of in types.items()
        ],
        "$defs": {**shared, **types},
    }


def _of(model: type[BaseModel], shared: dict[str, Any]) -> dict[str, Any]:
    """A model's schema, whose definitions go where all have theirs."""
    told = model.model_json_schema(ref_template=REFS)
    shared |= {name: _plain(each) for name, each in told.pop("$defs", {}).items()}
    return _plain(told)


def _plain(told: dict[str, Any]) -> dict[str, Any]:
    """A schema without the titles that only say a field's name again, and the defaults that say nothing."""
    del told["title"]
    for of_field in told.get("properties", {}).values():
        of_field.pop("title", None)
        if of_field.get("default", ...) is None:
            del of_field["default"]
        if "description" in of_field:
            of_field["description"] = " ".join(of_field["description"].split())
    return told


def _needs(data: dict[str, Any]) -> dict[str, Any]:
    """What the item cannot be without: data that have to say something."""
    return {"required": ["data"]} if data.get("required") else {}


def printed() -> str:
    """The schema as it is kept."""
    return orjson.dumps(schema(), option=orjson.OPT_INDENT_2).decode() + "\n"


if __name__ == "__main__":
    sys.stdout.write(printed())
