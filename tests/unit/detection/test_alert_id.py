"""Alert ids against the vectors of detection-engine.md 12."""

import pytest

from besra.detection.alert_id import Ancestor, block_ids, shell_id, single_id

RULE = "7f3c1e52-0000-4000-8000-00000000beef"
A1, B2 = Ancestor("a1", "ev-idx"), Ancestor("b2", "ev-idx")

SINGLE = "d288f32a991d48dd8ce3357e36027369ed2e50463eff4726f194bcb88310405b"
SINGLE_VERSION_1 = "fdadd59d6efac3aa859d987a4bc05a2b2344ee6f0ac15d0c6fb0951a413a05c5"
BLOCKS = [
    "22ca11be27492decf65413c2276bf342fa299e24281480fb22881d61adbc9cbe",
    "82917ce7f50caf9e17b9a7bf508d39acf32f5ba8bdf6b9cf1ba1c009a09f8cf4",
]
SHELL = "e94da8051960678ea11b32e981454e6e05f24a0ff5606c7b93377421b3075684"


def test_single() -> None:
    assert single_id(A1, RULE, "default") == SINGLE
    assert single_id(A1, RULE, "default", "1") == SINGLE_VERSION_1


def test_sequence() -> None:
    blocks = block_ids([[A1], [B2]], RULE)
    assert blocks == BLOCKS
    lineage = [A1, Ancestor(blocks[0], "", "signal", 1), B2, Ancestor(blocks[1], "", "signal", 1)]
    assert shell_id(lineage, RULE) == SHELL


@pytest.mark.parametrize(
    "other",
    [
        single_id(Ancestor("a2", "ev-idx"), RULE, "default"),
        single_id(Ancestor("a1", "ev-idy"), RULE, "default"),
        single_id(A1, RULE[:-1] + "0", "default"),
        single_id(A1, RULE, "lab"),
    ],
    ids=["event", "index", "rule", "space"],
)
def test_everything_that_should_count_counts(other: str) -> None:
    assert other != single_id(A1, RULE, "default")


def test_the_order_of_a_sequence_counts() -> None:
    assert set(block_ids([[A1], [B2]], RULE)).isdisjoint(block_ids([[B2], [A1]], RULE))


def test_what_an_alert_shows_of_an_ancestor() -> None:
    assert A1.to_dict() == {"id": "a1", "type": "event", "index": "ev-idx", "depth": 0}
    assert Ancestor("x", "", "signal", 1, RULE).to_dict()["rule"] == RULE


def test_ids_that_are_no_utf_8() -> None:
    assert len(single_id(Ancestor("\ud800", "i"), RULE, "default")) == 64
