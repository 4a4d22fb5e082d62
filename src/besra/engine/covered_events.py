"""Events that wildcards of indicators cover, looked for like any other condition.

Indicators that are given apart are read before events. What their wildcards cover then is one clause more, over
patterns that are tested together on each distinct value. Without it every event may be covered by some indicator, and
all documents have to be asked.
"""

from dataclasses import replace

from besra.engine.hits import Key
from besra.engine.kept_hits import KeptHits
from besra.engine.kept_rows import ROW
from besra.engine.pack import Entry, RulePack
from besra.events.row_store import RowStore
from besra.language.expr import Like, Predicate
from besra.language.glob import Glob
from besra.language.plan import Clause, Comparison, IndicatorMapping, ThreatMatch
from besra.language.simplify import all_of, any_of
from besra.language.starred import is_starred, starred_glob

MOST_PATTERNS = 20_000
"""Patterns of one comparison that are made a condition; beyond that the documents of events are asked."""


def covered_pack(pack: RulePack, store: RowStore) -> RulePack:
    """The pack with clauses for what wildcards of the indicators in the store cover; itself if there are none.

    The store is one of this pack and has been sealed. Clauses of the pack stay in their places.
    """
    entries = tuple(_covered_entry(number, entry, store) for number, entry in enumerate(pack.entries))
    # Patterns are no part of what the fingerprint of a pack tells.
    return pack if entries == pack.entries else RulePack(entries)


def _covered_entry(number: int, entry: Entry, store: RowStore) -> Entry:
    plan = entry.plan
    if not isinstance(plan.correlation, ThreatMatch):
        return entry
    clauses = list(plan.clauses)
    groups: list[IndicatorMapping] = []
    for group in plan.correlation.groups:
        patterns = _patterns(KeptHits(entry, number, store, 0), group.wanted)
        if 0 < len(patterns) <= MOST_PATTERNS:
            clauses.append(_covered_clause(clauses[group.wanted.events], patterns))
            groups.append(replace(group, wanted=replace(group.wanted, covered=len(clauses) - 1)))
        else:
            groups.append(group)
    return replace(entry, plan=replace(plan, clauses=tuple(clauses), correlation=ThreatMatch(tuple(groups))))


def _patterns(hits: KeptHits, comparison: Comparison) -> list[Key]:
    """The keys of indicators in which there is a `*`; more than MOST_PATTERNS if there are more."""
    position = comparison.wildcards
    if position is None or (hits.number, position) not in hits.store.spill:
        return []
    found: dict[Key, None] = {}
    for row in dict.fromkeys(hits.store.spill.table((hits.number, position))[ROW].tolist()):
        found.update((key, None) for key in hits.hit(row, position).keys if any(map(is_starred, key)))
        if len(found) > MOST_PATTERNS:
            break
    return list(found)


def _covered_clause(events: Clause, patterns: list[Key]) -> Clause:
    """The events one of whose fields the first wildcard of some key covers: too many rather than too few."""
    globs: dict[int, dict[Glob, None]] = {}
    for key in patterns:
        place = next(place for place, part in enumerate(key) if is_starred(part))
        globs.setdefault(place, {})[starred_glob(str(key[place]))] = None
    likes: list[Predicate] = [Like(events.keys[place].field, tuple(some)) for place, some in sorted(globs.items())]
    return Clause(all_of([events.predicate, any_of(likes)]))
