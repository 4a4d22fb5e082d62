"""Which rows of an entry may be part of a match with a row a run is about: only their documents are read.

Rows are told by the hashes of their join keys alone, so some of these are part of no match: correlations decide. A
clause may have very many rows, so what is looked at first is what there is least of.
"""

from collections.abc import Mapping

import numpy as np

from besra.engine.join_hash import SEVERAL
from besra.engine.pack import Entry
from besra.language.plan import Each, NewTerms, Sample, ThreatMatch, Threshold
from besra.language.plan import Sequence as EventSequence
from besra.service.piles import Found, Pile
from besra.service.related_indicators import compared
from besra.service.row_part import About, Integers, Mask

ANY = np.array([SEVERAL], np.int64)
"""The key of rows that may have any."""
NONE = np.empty(0, np.int64)

Piles = Mapping[int, Pile]
Related = dict[int, tuple[Integers, Mask]]
"""By clause the numbers of rows, ascending and each once, and whether the run is about each."""


def related(entry: Entry, piles: Piles, about: About) -> Related:
    """The rows by clause that may be part of a match with a row a run is about."""
    correlation = entry.plan.correlation
    match correlation:
        case Each():
            return _told({position: pile.about(about) for position, pile in piles.items()}, about)
        case EventSequence() as sequence:
            return _joined(piles, {stage.clause for stage in sequence.stages if not stage.missing}, about)
        case Sample() as sample:
            return _joined(piles, set(sample.clauses), about)
        case NewTerms():
            return _joined(piles, {0}, about)
        case Threshold():
            return {}
        case ThreatMatch():
            return _threatened(entry, correlation, piles, about)


def _told(found: Mapping[int, Found], about: About) -> Related:
    told: Related = {}
    for position, rows in found.items():
        if len(rows.rows):
            numbers, places = np.unique(rows.rows, return_index=True)
            told[position] = numbers, about.holds(numbers, rows.clocks[places])
    return told


def _everything(piles: Piles, about: About) -> Related:
    return _told({position: pile.everything() for position, pile in piles.items()}, about)


def _threatened(entry: Entry, threat_match: ThreatMatch, piles: Piles, about: About) -> Related:
    """The events that indicators may match, and these. Indicators have their own index.

    Where keys do not tell: events a run is about beside all indicators; all events where it is about an indicator.
    """
    indicators = {position for position in piles if entry.plan.clauses[position].index is not None}
    if not indicators:
        return {}
    found = compared(threat_match, piles, about)
    if found is not None:
        return _told(found, about)
    if any(len(piles[position].about(about).rows) for position in indicators):
        return _everything(piles, about)
    events = _told(
        {position: pile.about(about) for position, pile in piles.items() if position not in indicators}, about
    )
    if not events:
        return {}
    return {**events, **_told({position: piles[position].everything() for position in indicators}, about)}


def _joined(piles: Piles, needed: set[int], about: About) -> Related:
    """The rows with keys that a row has that the run is about, and that occur in all `needed` clauses."""
    if any(position not in piles for position in needed):
        return {}
    single = [position for position in needed if not piles[position].holds(ANY).any()]
    # The shortest first: most keys meet nothing there, and the long ones need not be looked at.
    single.sort(key=lambda position: piles[position].size)
    if not single or sum(pile.size_of(about) for pile in piles.values()) <= piles[single[0]].size:
        keys = np.unique(np.concatenate([NONE, *(pile.about(about).keys for pile in piles.values())]))
        if not len(keys):
            return {}
        if (keys == SEVERAL).any():
            return _everything(piles, about)
        keys = _held(keys, [piles[position] for position in single])
        return _with_keys(piles, keys, about) if len(keys) else {}
    shortest, *others = single
    pieces = [_held(keys, [piles[position] for position in others]) for keys in piles[shortest].distinct_keys()]
    found = {position: pile.with_keys(_and_any(pieces)) for position, pile in piles.items()}
    keys = np.unique(np.concatenate([rows.keys[about.holds(rows.rows, rows.clocks)] for rows in found.values()]))
    if not len(keys):
        return {}
    if (keys == SEVERAL).any():
        return _everything(piles, about)
    return _with_keys(piles, keys, about)


def _held(keys: Integers, piles: list[Pile]) -> Integers:
    """Those of some keys that rows have in all of some piles."""
    for pile in piles:
        if not len(keys):
            break
        keys = keys[pile.holds(keys)]
    return keys


def _and_any(pieces: list[Integers]) -> Integers:
    return np.unique(np.concatenate([ANY, *pieces]))


def _with_keys(piles: Piles, keys: Integers, about: About) -> Related:
    """The rows with some keys, and those that may have any."""
    wanted = _and_any([keys])
    return _told({position: pile.with_keys(wanted) for position, pile in piles.items()}, about)
