"""A sample that anybody can draw again, by nothing but a hash."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from domain.envelope import RegisterNumber
from domain.money import Money
from replay.sample import Amount, Member, Sample, Sampling, key_of

IDS = st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=8), unique=True)


def drawn(ids: list[str], seed: str, size: int) -> Sample:
    sampling = Sampling(seed, size)
    for each in ids:
        sampling.add(Member(each, None, None, {}))
    return sampling.drawn()


@given(IDS, st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"])), st.integers(1, 12))
def test_the_sample_is_the_ids_with_the_smallest_hashes_in_the_order_of_the_population(
    ids: list[str], seed: str, size: int
) -> None:
    found = drawn(ids, seed, size)
    by_hand = sorted(ids, key=lambda each: sha256(f"{seed}\n{each}".encode()).hexdigest())[:size]
    assert [each.member.id for each in found.drawn] == [each for each in ids if each in by_hand]
    assert [each.key for each in found.drawn] == [key_of(seed, each.member.id).hex() for each in found.drawn]
    assert [ids[each.place - 1] for each in found.drawn] == [each.member.id for each in found.drawn]
    assert (found.total, found.digest) == (len(ids), sha256("".join(f"{each}\n" for each in ids).encode()).hexdigest())


@given(IDS, st.integers(1, 6), st.randoms())
def test_the_order_of_a_population_changes_its_digest_and_not_who_is_drawn(
    ids: list[str], size: int, chance: object
) -> None:
    mixed = sorted(ids, key=lambda each: sha256(each.encode()).digest())
    one, other = drawn(ids, "7319", size), drawn(mixed, "7319", size)
    assert {each.member.id for each in one.drawn} == {each.member.id for each in other.drawn}
    assert (one.digest == other.digest) is (ids == mixed)


def test_another_seed_draws_others_and_a_larger_sample_holds_the_smaller_one() -> None:
    ids = [f"case-{number}" for number in range(1_000)]
    small, large, other = drawn(ids, "7319", 20), drawn(ids, "7319", 40), drawn(ids, "7320", 20)
    assert {each.member.id for each in small.drawn} < {each.member.id for each in large.drawn}
    assert {each.member.id for each in small.drawn} != {each.member.id for each in other.drawn}


def test_each_member_is_drawn_about_as_often_over_many_seeds() -> None:
    """Ten of a hundred, by two thousand seeds: some two hundred times each, give or take five deviations."""
    ids = [f"C2026-{number:06}" for number in range(100)]
    times = dict.fromkeys(ids, 0)
    for seed in range(2_000):
        for each in drawn(ids, str(seed), 10).drawn:
            times[each.member.id] += 1
    assert sum(times.values()) == 20_000
    assert all(130 < count < 270 for count in times.values())


def test_the_totals_of_control_are_of_the_population_and_not_of_the_sample() -> None:
    sampling = Sampling("1", 1)
    for place, (number, amount, currency) in enumerate([(7, 500, "CNY"), (3, 20, "JPY"), (12, 250, "CNY")]):
        money = Money(minor_units=amount, currency=currency)
        sampling.add(Member(f"m{place}", RegisterNumber("C2026", number), money, {}))
    sampling.add(Member("m3", None, None, {}))
    found = sampling.drawn()
    assert (found.total, found.numbered, str(found.first_number), str(found.last_number)) == (
        4, 3, "C2026-000003", "C2026-000012",
    )  # fmt: skip
    assert found.amounts == (Amount("CNY", 750, 2), Amount("JPY", 20, 1))
    assert len(found.drawn) == 1


def test_of_nothing_nothing_is_drawn() -> None:
    found = drawn([], "7319", 5)
    assert (found.total, found.drawn, found.first_number, found.digest) == (0, (), None, sha256().hexdigest())
