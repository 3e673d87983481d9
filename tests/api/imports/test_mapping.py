import re
from pathlib import Path

import pytest

from api.imports.errors import BadMapping
from api.imports.loading import SHIPPED, load_mapping, parsed, shipped_mappings
from tests.api.imports.written import FIRST

SERVICENOW = (SHIPPED / "servicenow.toml").read_text("utf-8")
FILE = Path("some.csv")


def test_a_shipped_mapping_is_found_by_its_name() -> None:
    assert shipped_mappings() == ["boston311", "servicenow"]
    assert load_mapping("servicenow") == parsed(SERVICENOW, "servicenow.toml")


def test_a_mapping_of_ones_own_is_found_by_its_path(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(SERVICENOW)
    assert load_mapping(own) == load_mapping(str(own)) == load_mapping("servicenow")


def test_a_mapping_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(BadMapping, match=r"There is no mapping 'zendesk'.*servicenow"):
        load_mapping("zendesk")
    with pytest.raises(BadMapping, match=r"nowhere\.toml cannot be read: No such file"):
        load_mapping("nowhere.toml")


def test_comments_and_spacing_do_not_make_another_mapping_but_a_changed_rule_does() -> None:
    plain = "\n".join(line.partition("  #")[0] for line in SERVICENOW.splitlines() if not line.startswith("#"))
    assert plain != SERVICENOW
    assert parsed(plain, "plain").digest == parsed(SERVICENOW, "servicenow.toml").digest
    assert parsed(changed('zone = "UTC"', 'zone = "Asia/Shanghai"'), "other").digest != parsed(plain, "plain").digest


def test_the_digest_of_the_first_mapping_that_shipped_never_changes_or_its_imports_would_be_others() -> None:
    assert load_mapping("servicenow").digest == "13598888c981c6aea9f9f89dac906d81feb04d972e65c6c4ce8610bb76b456b7"


def changed(old: str, new: str) -> str:
    assert SERVICENOW.count(old) == 1
    return SERVICENOW.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "servicenow"', "name = ", "is not TOML: .*line 4"),
        ('zone = "UTC"', 'zone = "Mars/Olympus"', "time.zone: there is no zone 'Mars/Olympus'"),
        ('encoding = "utf-8"', 'encoding = "latin-17"', "file.encoding: there is no text encoding 'latin-17'"),
        ('encoding = "utf-8"', 'encoding = "utf-16"', "file.encoding: files in utf-16 are not read"),
        ('encoding = "utf-8"', 'encoding = "idna"', "file.encoding: files in idna are not read"),
        ('encoding = "utf-8"', 'encoding = "utf-7"', "file.encoding: files in utf-7 are not read"),
        (
            'encoding = "utf-8"',
            'encoding = "raw-unicode-escape"',
            "file.encoding: files in raw-unicode-escape are not read",
        ),
        ('delimiter = ","', "delimiter = '\"'", "file.delimiter: string should match pattern"),
        ('zone = "UTC"', 'zone = "localtime"', "time.zone: there is no zone 'localtime'"),
        ("%d/%m/%Y %H:%M", "%d/%m/%Y %I:%M", "time.format: '%d/%m/%Y %I:%M' loses part of a time"),
        ("%d/%m/%Y %H:%M", "%d/%m %H:%M", "time.format: '%d/%m %H:%M' "),
        ("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%!", "time.format: '%d/%m/%Y %H:%!' is not a time format"),
        ('kind = "request"', 'kind = "incident"', "case.kind: input should be 'complaint', 'request'"),
        ('received = "opened_at"', 'recieved = "opened_at"', "time.received: field required; time.recieved: extra"),
        ('"Email" = "email"', '"Email" = "fax"', "channel.values.Email: input should be"),
        ('registered = ["New"]', 'registered = ["New", "Closed"]', "state: 'Closed' is given twice"),
        ('"active", "sys_created_at"', '"active", "vendor"', r"'vendor' \(attributes and ignored.bookkeeping\)"),
        ('"active", "sys_created_at"', '"active", "sys_mod_count"', r"\(ignored.bookkeeping and rows.key\)"),
        ('subcategory = "subcategory"', 'subcategory = "category"', r"'category' \(classification.category and cl"),
        ('vendor = "vendor"', 'vendor = "rfc"', "the attribute 'rfc' is given to two columns"),
        ('vendor = "vendor"', 'vendor = "Vendor!"', "attributes.vendor: string should match pattern"),
        ("grouped = true", "grouped = false", "rows.grouped: input should be True"),
    ],
)
def test_what_is_wrong_with_a_mapping_is_told_with_its_file_and_key(old: str, new: str, message: str) -> None:
    with pytest.raises(BadMapping, match=rf"^The mapping mine\.toml (is not right: )?.*{message}"):
        parsed(changed(old, new), "mine.toml")


def test_every_column_of_a_file_is_accounted_for() -> None:
    load_mapping("servicenow").fits(list(FIRST), FILE)


def test_columns_that_the_file_lacks_and_columns_that_the_mapping_does_not_name_are_told_together() -> None:
    header = [name for name in FIRST if name not in ("priority", "sys_mod_count")]
    message = (
        "The mapping 'servicenow' does not fit some.csv: the file has the column 'rfc' twice; "
        "priority.column names 'priority', which the file lacks; "
        "rows.key names 'sys_mod_count', which the file lacks; "
        "the file's 'mood', 'weather' is named nowhere; list it under ignored if it is to be left out."
    )
    with pytest.raises(BadMapping, match=f"^{re.escape(message)}$"):
        load_mapping("servicenow").fits([*header, "mood", "weather", "rfc"], FILE)
