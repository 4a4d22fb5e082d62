"""What besra says about queries it cannot use: one pair of files a message (eql.md 6).

`diagnostics/NAME.eql` or `NAME.kql` is the query, `NAME.out` the problems as a terminal shows them. Comments at the top
of EQL choose how it is checked: `// strict`, `// types: field=type, …`, `// category: field`. After a change of
messages run `pytest tests/golden --update-golden` and read the difference.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from besra.errors import QueryError
from besra.language.eql.lower import QueryFields, lower_query
from besra.language.eql.parser import parse_query
from besra.language.eql.scope import UnknownFields
from besra.language.kuery.lower import lower_kuery
from besra.language.kuery.parser import parse_kuery
from besra.problems import Problem, Severity
from besra.schema.catalogue import Catalogue, bundled_catalogue

FOLDER = Path(__file__).parent / "diagnostics"
CASES = sorted([*FOLDER.glob("*.eql"), *FOLDER.glob("*.kql")])
DIRECTIVE = re.compile(r"// (strict|types|category)(?:: (.*))?")


def problems_of(path: Path) -> tuple[Problem, ...]:
    """The problems of a query, or its warnings if it can be used."""
    text = path.read_text("utf-8")
    try:
        if path.suffix == ".kql":
            return lower_kuery(parse_kuery(text), bundled_catalogue()).warnings
        return warnings_of_eql(text)
    except QueryError as error:
        return error.problems


def warnings_of_eql(text: str) -> tuple[Problem, ...]:
    directives = {found[1]: found[2] for line in text.splitlines() if (found := DIRECTIVE.fullmatch(line))}
    return lower_query(
        parse_query(text),
        catalogue(directives.get("types")),
        fields=QueryFields(category=directives.get("category", "event.category")),
        unknown_fields=UnknownFields.STRICT if "strict" in directives else UnknownFields.MISSING,
    ).warnings


def catalogue(types: str | None) -> Catalogue:
    pairs = (pair.partition("=") for pair in (types or "").split(", ") if pair)
    return bundled_catalogue().with_types({field: mapping for field, _, mapping in pairs})


def rendered(path: Path, problems: Sequence[Problem]) -> str:
    shown = [problem.at(replace(problem.place, path=path.name)).render() for problem in problems]
    return "\n".join(shown or ["no problems"]) + "\n"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_diagnostics(path: Path, update_golden: bool) -> None:
    actual = rendered(path, problems_of(path))
    golden = path.with_suffix(".out")
    if update_golden:
        golden.write_text(actual, "utf-8")
    assert actual == golden.read_text("utf-8")


NO_PROBLEM = {"unknown_field_optional"}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_problem_says_where_and_what_to_write(path: Path) -> None:
    text = path.read_text("utf-8")
    problems = problems_of(path)
    assert bool(problems) is (path.stem not in NO_PROBLEM)
    for problem in problems:
        place = problem.place
        assert place.line is not None
        assert place.column is not None
        assert place.excerpt == (text.split("\n")[place.line - 1] if text else "")
        assert 1 <= place.column <= len(place.excerpt) + 1
        assert "^" in problem.render().splitlines()[2]
        assert problem.hint, problem
        assert problem.code.startswith(f"{path.suffix[1:]}-")
        assert problem.severity in (Severity.ERROR, Severity.WARNING)


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.out")} == {path.stem for path in CASES}


def mentions() -> Iterator[tuple[str, str]]:
    """The words eql.md 6 asks for, by case."""
    yield "single_equals", "=="
    yield "invalid_escape", r"\T"
    yield "chained_comparison", "and"
    yield "upper_case_and", "`and`"
    yield "not_like", "not x like"
    yield "no_category", "any"
    yield "array_index", "array indexes are not supported"
    yield "descendant_of", "process relationships"
    yield "join", "`sequence` or `sample`"
    yield "pipe_count", "`head` and `tail`"
    yield "pipe_unknown", "did you mean `head`"
    yield "unknown_function", "did you mean length"
    yield "argument_type", "argument 1 of startsWith: expected a string, found a number"
    yield "tilde_without_form", "no case-insensitive form"
    yield "unknown_field", "did you mean `process.name`"
    yield "unknown_field", "?proces.name"
    yield "type_range", "integer_range"
    yield "colon_on_number", "=="
    yield "like_on_ip", "cidrMatch"
    yield "list_types", "element 2"
    yield "cidr_malformed", "CIDR block"
    yield "regex_unclosed", "character 2"
    yield "by_after_with", "`by` comes before `with`"
    yield "maxspan_no_unit", "5s"
    yield "maxspan_unit", "ms, s, m, h and d"
    yield "key_counts", "expected 2"
    yield "key_counts", "found 1"
    yield "key_types", "process.pid"
    yield "key_types", "file.name"
    yield "runs_too_many", "1 to 100"
    yield "missing_without_maxspan", "maxspan"
    yield "no_category_field", "`any`"
    yield "kql_double_equals", "colon"
    yield "kql_not_equals", "`not field: value`"
    yield "kql_colon_missing", "is a colon missing"
    yield "kql_single_quotes", 'write "cmd.exe"'
    yield "kql_list_with_commas", "or"
    yield "kql_eql_where", "EQL"
    yield "kql_ampersands", "write `and`"
    yield "kql_parenthesis_open", "column 15 of line 1"


@pytest.mark.parametrize(("name", "words"), list(mentions()))
def test_messages_say_what_is_asked_for(name: str, words: str) -> None:
    assert words in (FOLDER / f"{name}.out").read_text("utf-8")
