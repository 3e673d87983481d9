from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from ledger.ledger import Ledger
from ledger.lines import LINES, Lines
from tests.ledger.submissions import case_stream, classify, receive, submission


def test_fifty_commands_at_once_on_one_stream_are_all_carried_out(ledger: Ledger) -> None:
    case = uuid4()
    ledger.carry_out(submission(receive(case)))
    asked = [submission(classify(case, f"class {number}")) for number in range(50)]
    with ThreadPoolExecutor(50) as pool:
        versions = [outcome.version(case_stream(case)) for outcome in pool.map(ledger.carry_out, asked)]
    assert sorted(version or 0 for version in versions) == list(range(2, 52))


def test_commands_on_the_same_streams_in_other_orders_do_not_wait_for_each_other_for_ever() -> None:
    lines, counted = Lines(), [0]
    streams = [f"case-{number}" for number in range(3 * LINES)]

    def count(turn: int) -> None:
        with lines.of(reversed(streams) if turn % 2 else streams):
            counted[0] += 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(200)))
    assert counted == [200]
