from zoneinfo import ZoneInfo

from api.zones import zones


def test_a_zone_is_one_on_every_machine() -> None:
    assert {"UTC", "Asia/Shanghai", "Europe/Berlin"} <= zones()
    assert not zones() & {"localtime", "Factory", "posixrules", "posix/UTC", "right/UTC", ""}


def test_every_zone_can_be_read() -> None:
    assert [name for name in zones() if ZoneInfo(name).key != name] == []
