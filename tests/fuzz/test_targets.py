"""A few inputs for every target of `python -m tests.fuzz`, so that none of them rots."""

from random import Random

import pytest

from tests.fuzz.targets import Target, targets

INPUTS = 40


@pytest.mark.parametrize("target", targets(), ids=lambda target: target.name)
def test_damaged_inputs_are_handled(target: Target) -> None:
    random = Random(20250301)
    for _ in range(INPUTS):
        target.check(target.make(random))
