"""Who is told that kernels have to be compiled: once, and only if they have to be."""

import pytest

pytest.importorskip("numba")

from besra.events.kernels.kernel import inlined, kernel
from besra.events.kernels.loading import compiling_told, load_kernels


def test_compiling_is_told_once_and_loading_is_not() -> None:
    told: list[str] = []

    @inlined
    def twice(number: int) -> int:
        return 2 * number

    @kernel
    def one(number: int) -> int:
        return twice(number) + 1

    with compiling_told(lambda: told.append("compiling")):
        assert one(3) == 7
    assert told == ["compiling"]
    with compiling_told(lambda: told.append("again")):
        assert one(4) == 9
        load_kernels()
        told.clear()  # of those, if nobody had used them before
        load_kernels()
    assert told == []
