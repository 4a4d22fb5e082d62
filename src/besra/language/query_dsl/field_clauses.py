"""Clauses of the Query DSL about one field and its values: term, terms, match, match_phrase, prefix, wildcard, exists.

A value means what it means in KQL on a field of that type; the clauses differ in what they do on a field of type text,
whose values are words. `term`, `prefix` and `wildcard` look at single words as the analyser leaves them, in lower case.
"""

import re
from collections.abc import Callable
from typing import Any

from besra.language.casefold import fold_case
from besra.language.expr import Equals, FieldRef, Like, Predicate
from besra.language.glob import Glob, Wild, escaped_glob, normalised
from besra.language.kuery import tree
from besra.language.kuery.alternatives import any_alternative
from besra.language.kuery.analyser import Analyser
from besra.language.kuery.field_tests import exists_test, value_test
from besra.language.kuery.names import fields_below
from besra.language.kuery.scope import LOOK, Scope
from besra.language.kuery.text_tests import analyser_of, text_test
from besra.language.query_dsl.scope import DslScope, FieldClause, FieldProblem, Path
from besra.language.simplify import FALSE, all_of
from besra.problems import Problem, Severity
from besra.schema.fieldtype import FieldType, to_text


def _flag(scope: DslScope, clause: FieldClause, name: str) -> bool:
    value = clause.given.get(name)
    if not isinstance(value, bool | None):
        scope.refuse((*clause.at, name), f"`{name}` is true or false")
    return value is True


def _choice(scope: DslScope, clause: FieldClause, name: str, known: tuple[str, ...]) -> str:
    value = clause.given.get(name, known[0])
    if isinstance(value, str) and value.lower() in known:
        return value.lower()
    scope.refuse((*clause.at, name), f"`{name}` other than {' and '.join(known)} is not supported")
    return known[0]


# --- exact values -----------------------------------------------------------------------------------------------------


def term(scope: DslScope, at: Path, body: Any) -> Predicate:
    """Some value is the given one; of a text, some word."""
    clause = scope.field_clause(at, body, "value", frozenset({"case_insensitive"}))
    if clause is None:
        return FALSE
    folds = _flag(scope, clause, "case_insensitive")
    return _term(scope, clause.at, clause.name, clause.given.get("value"), folds=folds)


def terms(scope: DslScope, at: Path, body: Any) -> Predicate:
    """Some value is one of those given."""
    found = scope.one_field(at, body)
    if not found:
        return FALSE
    name, values = found
    here = (*at, name)
    if not isinstance(values, list):
        return scope.refuse(here, "`terms` takes a list of values", "a lookup in another index is not supported")
    return any_alternative(_term(scope, (*here, n), name, value, folds=False) for n, value in enumerate(values))


def _term(scope: DslScope, at: Path, name: str, given: Any, *, folds: bool) -> Predicate:
    value = scope.value_of(at, given)
    if value is None:
        return FALSE
    text = to_text(given)
    analyser = analyser_of(scope.catalogue, name)
    if analyser:
        word = fold_case(text) if folds else text
        if analyser.words(word) != [word]:
            return scope.ask(at, lambda inner: _never(inner, f"`{text}` is no single word in lower case"))
    elif folds and scope.catalogue.type_of(name).is_string:
        return Equals(FieldRef(name, FieldType.KEYWORD), frozenset({fold_case(text)}), ignore_case=True)
    return scope.ask(at, lambda inner: value_test(inner, name, value))


def _never(inner: Scope, reason: str) -> Predicate:
    hint = "use `match` or `match_phrase`: the values of a text field are words in lower case"
    inner.warn(tree.NOWHERE, f"{reason}, so this condition is never true", hint=hint)
    return FALSE


# --- words ------------------------------------------------------------------------------------------------------------

MATCH = frozenset({"operator", "type", "lenient", "zero_terms_query", "auto_generate_synonyms_phrase_query"})


def match(scope: DslScope, at: Path, body: Any) -> Predicate:
    """Some value has one of the words, or with the operator `and` all of them; other fields than texts as `term`."""
    clause = scope.field_clause(at, body, "query", MATCH)
    value = scope.value_of(clause.at, clause.given.get("query")) if clause else None
    if clause is None or value is None:
        return FALSE
    name = clause.name
    # Kibana's filters of old wrote phrases as a type of `match`.
    is_phrase = _choice(scope, clause, "type", ("boolean", "phrase")) == "phrase"
    needs_all = _choice(scope, clause, "operator", ("or", "and")) == "and"
    _choice(scope, clause, "zero_terms_query", ("none",))
    if not isinstance(value, tree.Text) or is_phrase:
        return scope.ask(clause.at, lambda inner: value_test(inner, name, value))
    text = value.value
    analyser = analyser_of(scope.catalogue, name)
    if analyser and needs_all:
        return scope.ask(clause.at, lambda inner: _all_words(inner, name, analyser, text))
    return scope.ask(clause.at, lambda inner: value_test(inner, name, tree.Text(text)))


def _all_words(inner: Scope, name: str, analyser: Analyser, text: str) -> Predicate:
    words = [tree.Text(word, quoted=True) for word in analyser.words(text)]
    return all_of([text_test(inner, name, analyser, word) for word in words or [tree.Text(text, quoted=True)]])


def match_phrase(scope: DslScope, at: Path, body: Any) -> Predicate:
    """Some value has the words one behind the other; other fields than texts as `term`."""
    clause = scope.field_clause(at, body, "query", frozenset({"slop", "zero_terms_query"}))
    if clause is None:
        return FALSE
    _choice(scope, clause, "zero_terms_query", ("none",))
    if clause.given.get("slop") not in (None, 0):
        return scope.refuse((*clause.at, "slop"), "`slop` is not supported", "remove it, or set it to 0")
    value = scope.value_of(clause.at, clause.given.get("query"))
    return FALSE if value is None else scope.ask(clause.at, lambda inner: value_test(inner, clause.name, value))


# --- patterns ---------------------------------------------------------------------------------------------------------


def prefix(scope: DslScope, at: Path, body: Any) -> Predicate:
    """Some value begins with the text; of a text, some word."""
    return _pattern(scope, at, body, lambda _, text: normalised((text, Wild.ANY) if text else (Wild.ANY,)))


def wildcard(scope: DslScope, at: Path, body: Any) -> Predicate:
    r"""Some value is covered by the pattern, in which `\` takes the meaning from `*` and `?`; of a text, some word."""
    found = scope.one_field(at, body)
    if found and isinstance(found[1], dict) and "wildcard" in found[1]:
        renamed = {("value" if name == "wildcard" else name): value for name, value in found[1].items()}
        body = {found[0]: renamed}
    return _pattern(scope, at, body, lambda here, text: _wildcards(scope, here, text))


NEEDLESS = re.compile(r"\\\\|\\[*?]|(\\.)", re.DOTALL)


def _wildcards(scope: DslScope, at: Path, pattern: str) -> Glob:
    needless = next((found[1] for found in NEEDLESS.finditer(pattern) if found[1]), None)
    if needless:
        message = (
            f"`{needless}` in a pattern stands for `{needless[1]}`: the backslash is not part of what is looked for"
        )
        hint = "write two backslashes for one, within the quotes of the file four"
        scope.problems.append(FieldProblem(at, Problem("filter-escape", message, Severity.WARNING, hint=hint)))
    return escaped_glob(pattern)


def _pattern(scope: DslScope, at: Path, body: Any, glob_of: Callable[[Path, str], Glob]) -> Predicate:
    clause = scope.field_clause(at, body, "value", frozenset({"case_insensitive", "rewrite"}))
    if clause is None:
        return FALSE
    text = clause.given.get("value")
    if not isinstance(text, str):
        return scope.refuse(clause.at, f"`{at[-1]}` takes a text")
    folds = _flag(scope, clause, "case_insensitive")
    return glob_test(scope, clause.at, clause.name, glob_of(clause.at, text), folds=folds)


def glob_test(scope: DslScope, at: Path, name: str, glob: Glob, *, folds: bool = False) -> Predicate:
    """Some value, or some word of a text, is covered by the glob; with `folds` whatever its case."""
    folded = Glob(tuple(fold_case(part) if isinstance(part, str) else part for part in glob.parts))
    if analyser_of(scope.catalogue, name):
        if not glob.parts or (not folds and folded != glob):
            return scope.ask(at, lambda inner: _never(inner, f"`{glob}` is no pattern in lower case"))
    elif folds and scope.catalogue.type_of(name).is_string:
        return Like(FieldRef(name, FieldType.KEYWORD), (folded,), ignore_case=True)
    return scope.ask(at, lambda inner: value_test(inner, name, tree.Pattern(glob)))


# --- presence ---------------------------------------------------------------------------------------------------------


def exists(scope: DslScope, at: Path, body: Any) -> Predicate:
    """The field has a value; of an object, some field below it."""
    held = scope.object_of(at, body, frozenset({"field"}))
    if held is None:
        return FALSE
    name = held.get("field")
    if not isinstance(name, str) or not name:
        return scope.refuse((*at, "field"), "`exists` takes the name of a field")
    return presence(scope, at, name)


def presence(scope: DslScope, at: Path, name: str) -> Predicate:
    """The field has a value; of an object, some field below it."""
    if "*" in name:
        return scope.refuse(at, f"`{name}`: patterns for names of fields are not supported", "name the fields")
    return scope.ask(at, lambda inner: _present(inner, name))


def _present(inner: Scope, name: str) -> Predicate:
    found = exists_test(inner, name)
    below = list(fields_below(inner.catalogue, name)) if found is None else []
    inner.spend(tree.NOWHERE, LOOK + len(below) if found is None else 1)
    tests = [found, *(exists_test(inner, field) for field in below)]
    return any_alternative(test for test in tests if test)
