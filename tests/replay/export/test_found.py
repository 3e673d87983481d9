from replay.export.declared import Kind
from replay.export.found import Found
from replay.export.related import Thing


def test_what_was_come_across_is_each_there_once_by_id() -> None:
    things = [Thing(Kind.UNIT, f"unit-{number:05}", f"{number}") for number in range(1_200)]
    with Found() as found:
        found.add(reversed(things))
        found.add([Thing(Kind.UNIT, "unit-00007", "another name"), Thing(Kind.CASE, "case-1")])
        assert [thing for page in found.pages(Kind.UNIT, 500) for thing in page] == things
        assert found.count() == 1_201
        assert found.known(Kind.UNIT, [f"unit-{number:05}" for number in range(0, 2_400, 2)]) == {
            thing.id for thing in things[::2]
        }
        found.choose("unit", ["case-1"])
        assert (found.chosen("unit", ["case-1", "case-2"]), found.chosen("customer", ["case-1"])) == ({"case-1"}, set())
