from uuid import UUID

import pytest

from domain.stream import Category, category_of, stream_of, subject_of

ID = UUID("7c1e0000-0000-4000-8000-000000000001")


@pytest.mark.parametrize("category", Category)
def test_a_stream_is_named_by_its_category_and_its_subject(category: Category) -> None:
    stream = stream_of(category, ID)
    assert stream == f"{category}-7c1e0000-0000-4000-8000-000000000001"
    assert (category_of(stream), subject_of(stream)) == (category, ID)


@pytest.mark.parametrize("stream", ["", "case", "case-7"])
def test_a_name_without_an_id_has_no_subject(stream: str) -> None:
    with pytest.raises(ValueError, match="badly formed"):
        subject_of(stream)
