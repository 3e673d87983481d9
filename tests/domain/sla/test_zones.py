import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from domain.sla.zones import ZONE_DATA, UnknownZone, zone, zone_names
from tests.conftest import PROJECT


def test_every_zone_of_the_data_can_be_read_under_its_name() -> None:
    assert [name for name in zone_names() if zone(name).key != name] == []
    assert {"UTC", "Asia/Shanghai", "America/Argentina/Buenos_Aires"} <= zone_names()


def test_an_unknown_zone_is_refused_with_names_that_look_alike() -> None:
    with pytest.raises(UnknownZone, match=rf"no zone 'Asia/Shangai' in the zone data {ZONE_DATA}; did you mean Asia/"):
        zone("Asia/Shangai")
    with pytest.raises(UnknownZone, match="give the name of a zone, such as Asia/Shanghai"):
        zone("../../passwd")


def test_zones_are_the_packages_whatever_the_machine_has() -> None:
    told = "from domain.sla.zones import zone; from datetime import datetime; "
    told += "print(datetime(2026, 7, 1, tzinfo=zone('Europe/London')).utcoffset())"
    environment = {**os.environ, "PYTHONTZPATH": str(PROJECT / "docs"), "PYTHONPATH": str(PROJECT)}
    out = subprocess.run([sys.executable, "-c", told], env=environment, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "1:00:00"
    assert datetime(2026, 7, 1, tzinfo=UTC).astimezone(zone("Europe/London")).hour == 1
