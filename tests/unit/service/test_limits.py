"""How often somebody may ask, and who waits after wrong passwords."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.service.limits import LockOut, Rate, is_loopback
from besra.service.loopback import host_of

ELSEWHERE, HERE = "192.0.2.1", "127.0.0.1"


def test_a_rate_lets_so_many_through_in_a_time() -> None:
    rate = Rate(10, 5)
    through = sum(rate.wait("a", tick / 100) == 0 for tick in range(1000))
    assert through == pytest.approx(5 + 10 * 10, abs=1)
    assert rate.wait("b", 10.0) == 0
    assert 0 < rate.wait("a", 10.0) <= 0.1


def test_pauses_grow_and_end() -> None:
    lock, now, waits = LockOut(), 0.0, []
    for _ in range(20):
        now += lock.wait("ann", ELSEWHERE, now)
        lock.failed("ann", ELSEWHERE, now)
        waits.append(lock.wait("ann", ELSEWHERE, now))
    assert waits[:8] == [0, 0, 0, 0, 1, 2, 4, 8]
    assert waits[-1] == lock.pauses.longest
    lock.passed("ann", ELSEWHERE, now + waits[-1])
    assert lock.wait("ann", ELSEWHERE, now + waits[-1]) == 0


def test_nobody_locks_others_out() -> None:
    lock = LockOut()
    lock.passed("ann", "192.0.2.7", 0.0)
    for number in range(1000):
        lock.failed("ann", f"198.51.100.{number % 250}", 1.0)
        lock.failed("ann", ELSEWHERE, 1.0)
    assert lock.wait("ann", ELSEWHERE, 1.0) > 0
    assert lock.wait("ann", "203.0.113.1", 1.0) > 0  # a name nobody knows this address for
    assert lock.wait("ann", HERE, 1.0) == 0
    assert lock.wait("ann", "192.0.2.7", 1.0) == 0
    for _ in range(1000):
        lock.failed("ann", HERE, 1.0)
    assert 0 < lock.wait("ann", HERE, 1.0) <= lock.pauses.longest_here


def test_who_guesses_many_names_waits_too() -> None:
    lock = LockOut()
    for number in range(10):
        lock.failed(f"user{number}", ELSEWHERE, 0.0)
    assert lock.wait("another", ELSEWHERE, 0.0) > 0
    assert lock.wait("another", "192.0.2.9", 0.0) == 0


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([ELSEWHERE, HERE]), st.booleans())))
def test_no_pause_is_for_good(tries: list[tuple[str, str, bool]]) -> None:
    lock = LockOut()
    for name, address, is_right in tries:
        (lock.passed if is_right else lock.failed)(name, address, 0.0)
    for name in "ab":
        assert lock.wait(name, HERE, 0.0) <= lock.pauses.longest_here
        assert lock.wait(name, ELSEWHERE, lock.pauses.longest) <= 0


@pytest.mark.parametrize(
    ("header", "is_here"),
    [
        ("127.0.0.1:9200", True),
        ("127.9.9.9", True),
        ("localhost:9200", True),
        ("LOCALHOST.", True),
        ("[::1]:9200", True),
        ("[::ffff:127.0.0.1]", True),
        ("evil.example:9200", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1@evil.example", False),
        ("", False),
        ("0.0.0.0:9200", False),
        ("[::]", False),
        ("192.0.2.1", False),
    ],
)
def test_names_of_this_machine(header: str, is_here: bool) -> None:
    assert is_loopback(host_of(header)) is is_here
