"""EQL trees to plans: the checks of eql.md 6 that need more than the grammar, and everything implicit written out."""

import difflib
from collections.abc import Sequence as Items
from dataclasses import dataclass

from besra.errors import QuerySemanticError
from besra.language.eql import tree
from besra.language.eql.conditions import lower_condition
from besra.language.eql.scope import Scope, UnknownFields
from besra.language.eql.values import kind_of, lower_value
from besra.language.expr import Equals, Exists, FieldRef, Predicate, Value, fields_of
from besra.language.functions import Kind
from besra.language.plan import (
    Clause,
    Correlation,
    Each,
    Head,
    JoinKey,
    Ordering,
    Pipe,
    Plan,
    Sample,
    Sequence,
    Stage,
    Tail,
)
from besra.language.simplify import FALSE, TRUE, all_of, simplify
from besra.problems import Problem
from besra.schema.catalogue import Catalogue
from besra.schema.fieldtype import FieldType

MAX_RUNS = 100
MAX_STAGES = 256
"""Most stages of a sequence with runs written out. The longest public rule has 60; Elasticsearch has a limit too, which
the specification could not name (eql.md 4.5)."""


@dataclass(frozen=True, slots=True)
class QueryFields:
    """Which fields a query stands on besides those it names."""

    category: str = "event.category"
    timestamp: str = "@timestamp"
    tiebreaker: str | None = None


DEFAULT_FIELDS = QueryFields()


@dataclass(frozen=True, slots=True)
class Lowered:
    """A plan and the warnings its author should see."""

    plan: Plan
    warnings: tuple[Problem, ...]


def lower_query(
    query: tree.Query,
    catalogue: Catalogue,
    *,
    fields: QueryFields = DEFAULT_FIELDS,
    unknown_fields: UnknownFields = UnknownFields.MISSING,
) -> Lowered:
    """The plan of a query. Raises QuerySemanticError holding every error found."""
    scope = Scope(query.text, catalogue, unknown_fields)
    lowering = _Lowering(scope, fields)
    match query.body:
        case tree.EventQuery():
            correlation: Correlation = Each()
            lowering.clause(query.body, [])
        case tree.Sequence():
            correlation = lowering.sequence(query.body)
        case tree.Sample():
            correlation = lowering.sample(query.body)
    if query.pipes and isinstance(query.body, tree.Sample):
        scope.error(query.pipes[0].span, "a sample takes no pipes", hint="remove the pipe, or use `sequence`")
    pipes = tuple(lowering.pipes(query.pipes))
    if scope.errors:
        raise QuerySemanticError(*scope.errors)
    plan = Plan(tuple(lowering.clauses), correlation, lowering.ordering(), pipes)
    return Lowered(plan, tuple(scope.problems))


@dataclass(frozen=True, slots=True)
class LoweredExpression:
    """An expression without a query: a predicate if it is a condition over fields, else a value."""

    value: Value
    predicate: Predicate | None = None


def lower_expression(text: str, node: tree.Node, catalogue: Catalogue) -> LoweredExpression:
    """The meaning of a bare expression. Raises QuerySemanticError holding every error found."""
    scope = Scope(text, catalogue)
    value = lower_value(scope, node)
    predicate = None
    if kind_of(scope, node) is Kind.BOOLEAN and fields_of(value) and not isinstance(node, tree.Field):
        predicate = lower_condition(scope, node) or FALSE
    if scope.errors:
        raise QuerySemanticError(*scope.errors)
    return LoweredExpression(value, predicate and simplify(predicate))


class _Lowering:
    """One query on its way; equal clauses are kept once."""

    def __init__(self, scope: Scope, fields: QueryFields) -> None:
        self.scope = scope
        self.fields = fields
        self.clauses: list[Clause] = []

    def ordering(self) -> Ordering:
        tiebreaker = self.fields.tiebreaker
        return Ordering(
            FieldRef(self.fields.timestamp, FieldType.DATE),
            FieldRef(tiebreaker, self.scope.catalogue.type_of(tiebreaker)) if tiebreaker else None,
        )

    def clause(self, event: tree.EventQuery, keys: list[JoinKey]) -> int:
        """The index of the event's clause: category, then mandatory keys, then the condition."""
        condition = lower_condition(self.scope, event.condition)
        parts: list[Predicate] = [self._category(event)]
        parts += [Exists(key.field) for key in keys if not key.optional]
        parts.append(FALSE if condition is None else simplify(condition))
        clause = Clause(all_of(parts), tuple(keys))
        if clause not in self.clauses:
            self.clauses.append(clause)
        return self.clauses.index(clause)

    def _category(self, event: tree.EventQuery) -> Predicate:
        if event.category is None:
            return TRUE
        strict = self.scope.unknown_fields is UnknownFields.STRICT
        if strict and self.fields.category not in self.scope.catalogue:
            message = f"unknown event category field `{self.fields.category}`"
            hint = "use `any`, or configure the field that holds the category"
            self.scope.error(event.span, message, hint=hint, code="eql-unknown-field")
        return Equals(FieldRef(self.fields.category, FieldType.KEYWORD), frozenset({event.category}))

    def sequence(self, sequence: tree.Sequence) -> Sequence:
        """The stages of a sequence, runs written out."""
        self._check_sequence(sequence)
        items = [*sequence.terms, *([sequence.until] if sequence.until else [])]
        keys = self._keys(sequence.by, items)
        stages: list[Stage] = []
        for term, term_keys in zip(sequence.terms, keys, strict=False):
            stages += [Stage(self.clause(term.event, term_keys), term.missing)] * min(max(term.runs, 1), MAX_RUNS)
        until = self.clause(sequence.until.event, keys[-1]) if sequence.until else None
        if len(stages) > MAX_STAGES:
            message = f"the sequence has {len(stages)} stages with runs written out; the limit is {MAX_STAGES}"
            self.scope.error(sequence.span, message, hint="lower the runs", code="eql-limit")
        return Sequence(tuple(stages), sequence.maxspan, until)

    def _check_sequence(self, sequence: tree.Sequence) -> None:
        error = self.scope.error
        for term in sequence.terms:
            if not 1 <= term.runs <= MAX_RUNS:
                message = f"runs must be from 1 to {MAX_RUNS}, found {term.runs}"
                error(term.span, message, hint="write `with runs=3`, or leave it out for one event")
        if sum(term.runs for term in sequence.terms) < 2:
            error(sequence.span, "a sequence needs at least two events", hint="add an item, or `with runs=2`")
        if all(term.missing for term in sequence.terms):
            message = "a sequence needs at least one event that is not missing"
            error(sequence.span, message, hint="add an item without `!`")
        missing = next((term for term in sequence.terms if term.missing), None)
        if missing and sequence.maxspan is None:
            error(missing.span, "a missing event needs a maxspan", hint="write `sequence by … with maxspan=…`")
        if sequence.until and sequence.until.missing:
            error(sequence.until.span, "`until` takes an event that occurs, not a missing one", hint="remove the `!`")
        if sequence.until and sequence.until.runs != 1:
            error(sequence.until.span, "`until` takes no runs", hint="remove `with runs=…`")

    def sample(self, sample: tree.Sample) -> Sample:
        """The clauses of a sample."""
        error = self.scope.error
        for term in sample.terms:
            if term.missing:
                error(term.span, "a sample has no missing events", hint="use `sequence`")
            if term.runs != 1:
                error(term.span, "a sample has no runs", hint="repeat the item, or use `sequence`")
        if len(sample.terms) < 2:
            error(sample.span, "a sample needs at least two events", hint="add an item")
        keys = self._keys(sample.by, sample.terms)
        if not any(keys):
            error(sample.span, "a sample needs join keys", hint="write `sample by host.id …`")
        return Sample(tuple(self.clause(term.event, k) for term, k in zip(sample.terms, keys, strict=True)))

    def _keys(self, header: Items[tree.Node], items: Items[tree.Term]) -> list[list[JoinKey]]:
        """The join keys of every item, in one comparable type a position (eql.md 4.2)."""
        keys = [[self._key(node) for node in (*header, *item.by)] for item in items]
        wanted = len(keys[0])
        for item, found in zip(items, keys, strict=True):
            if len(found) != wanted:
                message = f"expected {wanted} join keys as in the first item, found {len(found)}"
                self.scope.error(item.span, message, hint="all items, and `until`, need the same number of keys")
        for position in range(min(map(len, keys))):
            self._unify([row[position] for row in keys], items, keys, position)
        return keys

    def _key(self, node: tree.Node) -> JoinKey:
        if not isinstance(node, tree.Field):
            hint = "write `by host.id`, or `by ?host.id` if it may be missing"
            self.scope.error(node.span, "a join key must be a field", hint=hint, code="eql-type")
            return JoinKey(FieldRef("", FieldType.KEYWORD))
        field = self.scope.resolve(node)
        # A strict optional key that is mapped nowhere is null in every event, which is what a missing field is.
        return JoinKey(field or FieldRef(node.name, FieldType.DYNAMIC), node.optional)

    def _unify(self, column: list[JoinKey], items: Items[tree.Term], keys: list[list[JoinKey]], position: int) -> None:
        """Give the keys of one position one type; fields in no mapping take the type of those that have one."""
        known = [(key.field, item) for key, item in zip(column, items, strict=True)]
        types = [(field, item) for field, item in known if field.type is not FieldType.DYNAMIC]
        first = types[0][0] if types else FieldRef("", FieldType.KEYWORD)
        for field, item in types:
            if _family(field.type) is not _family(first.type):
                message = f"`{field.name}` ({field.type}) cannot join with `{first.name}` ({first.type})"
                self.scope.error(item.span, message, hint="join fields of one type", code="eql-type")
        for row, key in zip(keys, column, strict=True):
            if key.field.type is FieldType.DYNAMIC:
                row[position] = JoinKey(FieldRef(key.field.name, first.type), key.optional)

    def pipes(self, pipes: Items[tree.Pipe]) -> list[Pipe]:
        """`head` and `tail`; everything else is refused by name."""
        found: list[Pipe] = []
        for pipe in pipes:
            if pipe.name not in ("head", "tail"):
                self._refuse_pipe(pipe)
                continue
            count = pipe.args[0] if len(pipe.args) == 1 else None
            if not isinstance(count, tree.Literal) or not isinstance(count.value, int) or isinstance(count.value, bool):
                message = f"`{pipe.name}` takes one whole number that is not negative"
                self.scope.error(pipe.span, message, hint=f"write `| {pipe.name} 5`")
                continue
            found.append(Head(count.value) if pipe.name == "head" else Tail(count.value))
        return found

    def _refuse_pipe(self, pipe: tree.Pipe) -> None:
        if pipe.name in ("count", "sort", "unique", "unique_count", "filter"):
            message = f"the pipe `{pipe.name}` is not supported"
            self.scope.error(pipe.span, message, hint="only `head` and `tail` are", code="eql-unsupported")
            return
        near = difflib.get_close_matches(pipe.name.lower(), ["head", "tail"], n=1)
        hint = f"did you mean `{near[0]}`?" if near else "the pipes are `head` and `tail`"
        self.scope.error(pipe.span, f"unknown pipe `{pipe.name}`", hint=hint)


def _family(field_type: FieldType) -> FieldType:
    return FieldType.LONG if field_type is FieldType.DOUBLE else field_type
