import pytest

from api.http.rate import MOST_CALLERS, Rate, network_of


def test_a_caller_may_send_a_burst_and_then_at_the_rate() -> None:
    rate = Rate(per_second=2, burst=3)
    assert [rate.wait_of("a", 100.0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert rate.wait_of("b", 100.0) == 0
    assert rate.wait_of("a", 100.25) == 0.25
    assert rate.wait_of("a", 100.5) == 0
    assert rate.wait_of("a", 100.5) == 0.5


def test_a_caller_who_rests_has_no_more_than_a_burst_again() -> None:
    rate = Rate(per_second=2, burst=3)
    rate.wait_of("a", 0.0)
    assert [rate.wait_of("a", 1_000.0) for _ in range(4)] == [0, 0, 0, 0.5]


def test_a_rate_of_nothing_lets_everybody_in() -> None:
    rate = Rate(per_second=0, burst=1)
    assert [rate.wait_of("a", 0.0) for _ in range(3)] == [0, 0, 0]


def test_what_is_given_back_may_be_taken_again_and_no_bucket_grows_beyond_a_burst() -> None:
    rate = Rate(per_second=1, burst=2)
    rate.give_back("a")
    for _ in range(3):
        assert rate.wait_of("a", 0.0) == 0
        rate.give_back("a")
    rate.give_back("a")
    assert [rate.wait_of("a", 0.0) for _ in range(3)] == [0, 0, 1]


def test_so_many_callers_are_remembered_and_no_more() -> None:
    rate = Rate(per_second=1, burst=1)
    for number in range(MOST_CALLERS + 1):
        rate.wait_of(str(number), 0.0)
    assert rate.wait_of("0", 0.0) == 0
    assert rate.wait_of(str(MOST_CALLERS), 0.0) == 1


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "unknown"),
        (None, "unknown"),
    ],
)
def test_whom_a_request_counts_for(address: str | None, network: str) -> None:
    assert network_of(address) == network
