"""What one file may expand to."""

import pytest

from besra.events.expansion import Allowance, ExpansionLimits, Nesting, size

LIMITS = ExpansionLimits(depth=2, ratio=10, free=100, expanded=5000, members=2, spooled=50)


def test_ratio_counts_beyond_what_is_free() -> None:
    allowance = Allowance(LIMITS, stored=20)
    assert allowance.expand(200) is None
    spent = allowance.expand(1)
    assert spent == allowance.spent and spent is not None and "10 times" in spent.what
    assert Allowance(LIMITS, stored=5).expand(100) is None


def test_a_large_log_is_no_bomb() -> None:
    day = Allowance(ExpansionLimits(), stored=20 * 10**9)
    assert day.expand(20 * 20 * 10**9) is None
    repetitive = Allowance(ExpansionLimits(), stored=2 * 10**9)
    assert repetitive.expand(200 * 2 * 10**9) is None


def test_everything_is_limited() -> None:
    spent = Allowance(LIMITS, stored=10**6).expand(5001)
    assert spent is not None and "5,000 bytes" in spent.what


def test_members_beyond_the_limit_do_not_spend_what_those_before_need() -> None:
    allowance = Allowance(LIMITS)
    assert [bool(allowance.list_member()) for _ in range(3)] == [False, False, True]
    assert allowance.full and allowance.spent is None
    assert Nesting(allowance).closed == allowance.full


def test_temporary_files_give_back_what_they_took() -> None:
    allowance = Allowance(LIMITS)
    assert allowance.spool(50) is None
    assert allowance.spool(1) is not None
    assert allowance.spool(-51) is None
    assert allowance.spool(50) is None


def test_depth() -> None:
    nesting = Nesting(Allowance(LIMITS))
    assert nesting.deeper().too_deep is None
    assert nesting.deeper().deeper().too_deep == nesting.deeper().deeper().closed is not None


@pytest.mark.parametrize(
    ("count", "text"), [(2**40, "1 TiB"), (64 * 2**30, "64 GiB"), (1536 * 2**20, "1536 MiB"), (1025, "1,025 bytes")]
)
def test_sizes_in_words(count: int, text: str) -> None:
    assert size(count) == text
