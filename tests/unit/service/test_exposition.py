"""Metrics as Prometheus reads them, whatever is in their labels."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from besra.service.exposition import Histogram, labelled_text, simple_text

TEXTS = st.text(alphabet='a"\\\n{}= ,é', max_size=8)


@given(TEXTS, st.dictionaries(TEXTS, st.integers(0, 1 << 60), max_size=4))
def test_labels_and_meanings_come_back(meaning: str, values: dict[str, int]) -> None:
    text = labelled_text("besra_x", "gauge", f"a{meaning}b", "of", values.items())
    (family,) = text_string_to_metric_families(text)
    assert family.documentation == f"a{meaning}b"
    assert {sample.labels["of"]: sample.value for sample in family.samples} == values


def test_how_long_things_take() -> None:
    histogram = Histogram((0.1, 1.0))
    for seconds in (-1, 0.1, 0.2, 5):
        histogram.observe(seconds)
    histogram.observe(1, times=2)
    text = simple_text({"besra_y": ("counter", "Y.", 7)}) + histogram.text("besra_x_seconds", "X.")
    one, other = text_string_to_metric_families(text)
    assert (one.type, other.type) == ("counter", "histogram")
    told = {(sample.name, sample.labels.get("le", "")): sample.value for sample in other.samples}
    assert told == {
        ("besra_x_seconds_bucket", "0.1"): 2,
        ("besra_x_seconds_bucket", "1.0"): 5,
        ("besra_x_seconds_bucket", "+Inf"): 6,
        ("besra_x_seconds_sum", ""): 7.3,
        ("besra_x_seconds_count", ""): 6,
    }
