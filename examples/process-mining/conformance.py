"""Which complaints departed from the declared process: an export of Daybook, looked at with pm4py.

pm4py is licensed under the AGPL and is no part of Daybook: install it in an environment of its own, and run this there.

    daybook export ocel --out book.json
    python conformance.py book.json > departures.json

For each case of the kind it prints the rules that it departs from, and for all of them how long they took and which
step followed which. The rules are those of the closed loop: received, registered before it is handled, dispatched,
answered, resolved, fed back, closed. Put your own in their place.
"""

import argparse
import json
import sys
from typing import Any

import pm4py

RULES: dict[str, list[Any]] = {
    "existence": ["case-received", "case-registered"],
    "precedence": [  # the second never before the first
        ("case-received", "case-registered"),
        ("case-registered", "case-dispatched"),
        ("case-registered", "work-started"),
        ("case-registered", "response-sent"),
        ("case-resolved", "feedback-given"),
        ("case-resolved", "case-closed"),
    ],
    "response": [  # after the first, sooner or later, the second
        ("case-resolved", "feedback-given"),
        ("case-resolved", "case-closed"),
    ],
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("file", help="what `daybook export ocel` wrote")
    options.add_argument("--kind", default="complaint", help="the kind of case (default complaint)")
    asked = options.parse_args()
    log = of_kind(pm4py.read_ocel2_json(asked.file), asked.kind)
    json.dump(departures(log), sys.stdout, ensure_ascii=False, indent=1)


def of_kind(ocel: Any, kind: str) -> Any:
    """The life of each case of a kind as a log: its own events, without those of others that only name it."""
    ocel.relations = ocel.relations[ocel.relations["ocel:qualifier"] == "about"]
    last = last_values(ocel, "case", "kind")
    log = pm4py.ocel_flattening(ocel, "case")
    return log[log["case:concept:name"].map(last) == kind].sort_values("case:concept:name", kind="stable")


def last_values(ocel: Any, kind: str, name: str) -> dict[str, Any]:
    """What an attribute of objects is in the end: the first value stands with the object, later ones are changes."""
    objects = ocel.objects[ocel.objects["ocel:type"] == kind]
    values = dict(zip(objects["ocel:oid"], objects[name], strict=True))
    changes = ocel.object_changes
    if name in changes.columns:
        changes = changes[(changes["ocel:type"] == kind) & (changes["ocel:field"] == name)]
        values |= dict(zip(changes["ocel:oid"], changes[name], strict=True))
    return values


def departures(log: Any) -> dict[str, Any]:
    """What a log departs from, in the words of the rules."""
    if not len(log):
        return {"cases": 0, "departures": {}, "seconds": [], "steps": []}
    full = {"support": 1, "confidence": 1}
    model = {template: dict.fromkeys(rules, full) for template, rules in RULES.items()}
    judged = pm4py.conformance_declare(log, model)
    names = list(log["case:concept:name"].unique())
    steps, _, _ = pm4py.discover_dfg(log)
    found = {name: [named(*one) for one in case["deviations"]] for name, case in zip(names, judged, strict=True)}
    return {
        "cases": len(names),
        "departures": {name: sorted(rules) for name, rules in sorted(found.items()) if rules},
        "seconds": sorted(pm4py.get_all_case_durations(log)),
        "steps": sorted([before, after, count] for (before, after), count in steps.items()),
    }


def named(template: str, about: Any) -> list[str]:
    """A rule in a list: its template, and the one or two steps that it is about."""
    return [template, about] if isinstance(about, str) else [template, *about]


if __name__ == "__main__":
    main()
