"""Leaves in short: what a person recognises the condition by."""

import pytest

from besra import api
from besra.engine.pack import field_leaves
from besra.language.eql.leaf_text import LONGEST, leaf_text
from besra.language.expr import Equals, FieldRef, InNetwork
from besra.schema.catalogue import bundled_catalogue
from besra.schema.fieldtype import FieldType

CATALOGUE = bundled_catalogue()


def texts(condition: str) -> list[str]:
    """The leaves of a condition as text."""
    plan = api.plan_query(f"any where {condition}", CATALOGUE)
    return [leaf_text(leaf) for leaf in field_leaves(plan.clauses[0].predicate)]


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        ('process.name == "a"', 'process.name == "a"'),
        ('process.name : "cmd.exe"', 'process.name in~ ("cmd.exe")'),
        ('process.name in ("b", "a")', 'process.name in ("a", "b")'),
        ('process.name : "*.exe"', 'process.name : "*.exe"'),
        ('process.name like "*.exe"', 'process.name like "*.exe"'),
        ('process.name : ("a*", "b*", "c*", "d*", "e*")', 'process.name like~ ("a*", "b*", "c*", … +2)'),
        ("process.pid > 4", "process.pid > 4"),
        ("process.pid in (9, 10)", "process.pid in (9, 10)"),
        ("process.name != null", "process.name != null"),
        ('cidrMatch(source.ip, "10.0.0.0/8", "fe80::/10")', 'cidrMatch(source.ip, "10.0.0.0/8", "fe80::/10")'),
        ('source.ip == "10.0.0.1"', 'source.ip == "10.0.0.1"'),
        ('@timestamp > "2026-01-01"', '@timestamp > "2026-01-01T00:00:00.000Z"'),
        (
            'process.parent.thread.capabilities.effective == "A\\"B"',
            'process.parent.thread.capabilities.effective == "A\\"B"',
        ),
    ],
)
def test_short_forms(condition: str, text: str) -> None:
    assert texts(condition) == [text]


def test_patterns_are_shown() -> None:
    (text,) = texts('process.name regex "a[0-9]b"')
    assert text.startswith('process.name regex "a')


def test_long_constants_are_cut() -> None:
    (text,) = texts(f'process.command_line == "{"x" * 200}"')
    assert text == f'process.command_line == "{"x" * (LONGEST - 1)}…"'


def test_what_is_no_network_shows_both_ends() -> None:
    leaf = InNetwork(FieldRef("source.ip", FieldType.IP), ((5, 7),))
    assert leaf_text(leaf) == 'cidrMatch(source.ip, "::5-::7")'


def test_versions_and_booleans() -> None:
    assert leaf_text(Equals(FieldRef("a", FieldType.BOOLEAN), frozenset({True}))) == "a == true"
