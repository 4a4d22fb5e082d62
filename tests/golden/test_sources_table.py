"""docs/sources.md says what the code does with every source, and what that is worth to rules."""

import pytest
from tests.shared import SHARED, needs_shared
from tests.sources_table import PAGE, homes, page_with, table, without_numbers

from besra.rules.cache import load_remembered

REWRITE = "run python -m tests.sources_table RULES_DIR --write, with Elastic's rules"


def test_the_page_has_every_source_kind_and_field() -> None:
    # Not by assert alone: the difference of two long pages takes minutes to show.
    if without_numbers(page_with(table(None))) != without_numbers(PAGE.read_text("utf-8")):
        pytest.fail(REWRITE)


@needs_shared
def test_the_numbers_of_rules_are_those_of_the_rules() -> None:
    rules = load_remembered(str(SHARED / "data" / "rules"))
    if page_with(table(rules)) != PAGE.read_text("utf-8"):
        pytest.fail(REWRITE)


def test_the_page_changes_with_the_records() -> None:
    text = page_with(table(None))
    assert without_numbers(text) != without_numbers(text.replace("endpoint.events.process", "x"))
    assert without_numbers("| a | 7 | 1,204 |\n12 of 30 rules can run.") == "| a | 7 | ?\n?."
    assert "logs-endpoint.events.process-default" in homes()
