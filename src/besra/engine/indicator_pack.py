"""What a pack asks of documents that are given as indicators: only the clauses of indicators.

Such documents are no events, whatever index a rule reads. Those that do not say where they belong are read by every
rule that compares indicators, whatever its `threat_index`.
"""

import hashlib
from dataclasses import replace

from besra.engine.pack import Entry, RulePack
from besra.events.index_name import INDICATORS
from besra.language.expr import Always
from besra.language.plan import Clause, ThreatMatch

NEVER = Clause(Always(False))


def indicator_pack(pack: RulePack) -> RulePack:
    """The pack with the same entries, whose clauses stand in the same places."""
    told = hashlib.sha256(f"indicators {pack.fingerprint}".encode()).hexdigest() if pack.fingerprint else ""
    return RulePack(tuple(map(_of_indicators, pack.entries)), told)


def _of_indicators(entry: Entry) -> Entry:
    plan = entry.plan
    if not isinstance(plan.correlation, ThreatMatch):
        return Entry(replace(plan, clauses=()))
    asked = (
        NEVER if clause.index is None else replace(clause, index=(*clause.index, INDICATORS)) for clause in plan.clauses
    )
    return Entry(replace(plan, clauses=tuple(asked)))
