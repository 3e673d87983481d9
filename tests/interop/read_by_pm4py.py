"""What pm4py reads of an export, as JSON on standard output. It runs in an environment of its own."""

import importlib
import json
import sys
from typing import Any

TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


def main(path: str) -> None:
    pm4py: Any = importlib.import_module("pm4py")
    ocel = pm4py.read_ocel2_json(path)
    flat = pm4py.ocel_flattening(ocel, "case")
    steps, first, last = pm4py.discover_dfg(flat)
    told = {
        "events": {row.pop("ocel:eid"): row for row in rows(ocel.events)},
        "objects": {row.pop("ocel:oid"): row for row in rows(ocel.objects)},
        "changes": rows(ocel.object_changes),
        "relations": listed(ocel.relations, "ocel:eid", "ocel:oid", "ocel:qualifier", "ocel:type"),
        "o2o": listed(ocel.o2o, "ocel:oid", "ocel:oid_2", "ocel:qualifier"),
        "steps": sorted([before, after, count] for (before, after), count in steps.items()),
        "first": first,
        "last": last,
        "seconds": sorted(pm4py.get_all_case_durations(flat)),
    }
    json.dump(told, sys.stdout)


def rows(frame: Any) -> list[dict[str, Any]]:
    """The rows of a data frame without what is not there."""
    missing = frame.isna()
    return [
        {name: plain(value) for name, value in row.items() if not missing.at[index, name]}
        for index, row in zip(frame.index, frame.to_dict("records"), strict=True)
    ]


def listed(frame: Any, *columns: str) -> list[list[str]]:
    return sorted([row[name] for name in columns] for row in frame.to_dict("records"))


def plain(value: Any) -> Any:
    """A column in which something is missing holds whole numbers as floats."""
    if hasattr(value, "strftime"):
        return value.strftime(TIME)
    if hasattr(value, "item"):
        value = value.item()
    return int(value) if isinstance(value, float) and value.is_integer() else value


if __name__ == "__main__":
    main(sys.argv[1])
