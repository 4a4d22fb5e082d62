"""Which events and indicators may be matches that a run is about, by the hashes of their keys.

Of very many events nearly none has a key of an indicator, so it is keys that are compared: documents are read only of
events that some indicator may match, and of all indicators that may match these.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np

from besra.engine.join_hash import SEVERAL
from besra.language.plan import Comparison, ThreatMatch
from besra.service.piles import NOTHING, Found, Pile, together
from besra.service.row_part import About, Integers

ANY = np.array([SEVERAL], np.int64)
Piles = Mapping[int, Pile]


def compared(threat_match: ThreatMatch, piles: Piles, about: About) -> dict[int, Found] | None:
    """The rows by clause; None if keys do not tell, since some may be any or hold wildcards."""
    wanted = [group.wanted for group in threat_match.groups]
    if any(_may_be_any(one, piles) for one in wanted):
        return None
    events = np.unique(np.concatenate([NOTHING.rows, *(rows for one in wanted for rows in _events(one, piles, about))]))
    found: defaultdict[int, list[Found]] = defaultdict(list)
    if not len(events):
        return {}
    for group in threat_match.groups:
        mine = _among(piles, group.wanted.events, events)
        theirs = _with_keys(piles, group.wanted.indicators, mine.keys)
        if not len(theirs.rows):
            continue
        found[group.wanted.events].append(mine)
        found[group.wanted.indicators].append(theirs)
        indicators = np.unique(theirs.rows)
        for one in group.unwanted:
            found[one.events].append(_among(piles, one.events, events))
            for clause in (one.indicators, one.wildcards):
                if clause is not None:
                    found[clause].append(_among(piles, clause, indicators))
    return {clause: together(some) for clause, some in found.items()}


def _may_be_any(wanted: Comparison, piles: Piles) -> bool:
    if wanted.wildcards is not None and piles.get(wanted.wildcards):
        return True
    sides = (piles.get(wanted.events), piles.get(wanted.indicators))
    return any(pile is not None and bool(pile.holds(ANY).any()) for pile in sides)


def _events(wanted: Comparison, piles: Piles, about: About) -> Iterator[Integers]:
    """The events with a key of an indicator, where the run is about one of both."""
    events, indicators = piles.get(wanted.events), piles.get(wanted.indicators)
    if events is None or indicators is None:
        return
    fewer, more = (indicators, events) if indicators.size < events.size else (events, indicators)
    for some in fewer.distinct_keys():
        keys = some[more.holds(some)]
        if not len(keys):
            continue
        mine, theirs = events.with_keys(keys), indicators.with_keys(keys)
        asked = np.concatenate([one.keys[about.holds(one.rows, one.clocks)] for one in (mine, theirs)])
        yield mine.rows[np.isin(mine.keys, asked)]


def _among(piles: Piles, clause: int, rows: Integers) -> Found:
    pile = piles.get(clause)
    return NOTHING if pile is None else pile.among(rows)


def _with_keys(piles: Piles, clause: int, keys: Integers) -> Found:
    pile = piles.get(clause)
    return NOTHING if pile is None else pile.with_keys(np.unique(keys))
