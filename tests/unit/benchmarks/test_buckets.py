"""What the measurement of thresholds counts."""

from benchmarks.buckets import Load, cost_of

from besra.language.plan import Cardinality, Threshold
from besra.schema.timestamp import NANOS


def test_every_host_has_its_buckets() -> None:
    # Two seconds of events, and a second is a bucket.
    load = Load(20_000, 1_000, 10, Threshold(1, (), NANOS))
    assert 20 <= cost_of(load).buckets <= 30
    assert cost_of(Load(5_000, 1_000, 10, Threshold(1, (Cardinality(1, 51),), NANOS))).buckets == 0
