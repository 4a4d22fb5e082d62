"""The rules of all spaces as they are to run: those of files and of the API, each with the exceptions of its space.

Agnostic exception lists of files are known in every space, as in Kibana; one is put beside the rules of a space that
name it.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from besra.problems import Problem
from besra.rules.exception_list import ExceptionSet, ListKey, Namespace
from besra.rules.exception_loading import ExceptionFiles, load_exceptions
from besra.rules.loaded import Excepted, RuleSet
from besra.rules.space import DEFAULT
from besra.service.spaces import Spaces

UNUSED = "value-list-unused"
"""Told where no space uses a list."""


@dataclass(frozen=True, slots=True)
class SpacedRules:
    """The rules of spaces with their exceptions applied, by the ids of the spaces."""

    spaces: Mapping[str, Excepted]

    @property
    def excepted(self) -> Excepted:
        """All rules, those of the default space first, with their exceptions counted together."""
        if len(self.spaces) == 1:
            return next(iter(self.spaces.values()))
        sets = [one.rules for one in self.spaces.values()]
        together = RuleSet(
            rules=tuple(loaded for one in sets for loaded in one),
            file_problems=tuple(_once(one.file_problems for one in sets)),
            deprecated=sum(one.deprecated for one in sets),
            superseded=sum(one.superseded for one in sets),
            fingerprint=_fingerprint({id_: one.rules.fingerprint for id_, one in self.spaces.items()}),
        )
        told = self.spaces.values()
        return Excepted(
            together, *(sum(getattr(one, name) for one in told) for name in ("items", "silenced", "expired"))
        )


def rules_of_spaces(spaces: Spaces, files: Mapping[str, RuleSet], given: ExceptionFiles, now: int) -> SpacedRules:
    """The rules of files, by space, with those of the API and all exceptions; `given` are those of files beside.

    These are for the rules of the default space, but for the agnostic among them, which are known in all. Raises
    BesraError.
    """
    merged = {id_: spaces.rules(id_).merged(files.get(id_, RuleSet())) for id_ in spaces.ids}
    merged = {id_: rules for id_, rules in merged.items() if len(rules) or id_ == DEFAULT or rules.file_problems}
    merged = {id_: spaces.exceptions(id_).merged(rules) for id_, rules in merged.items()}
    if len(merged) > 1:
        merged = _sharing(merged, read_given(given))
    found = {}
    for id_, rules in merged.items():
        kept = partial(spaces.lists.found, space=id_)
        found[id_] = load_exceptions(rules, files_beside(given, id_), now=now, kept=kept)
    return SpacedRules(found)


def files_beside(given: ExceptionFiles, space: str) -> ExceptionFiles:
    """What of the files given beside rules is applied to those of a space whatever they name."""
    return given if space == DEFAULT else replace(given, exceptions=())


def read_given(given: ExceptionFiles) -> ExceptionSet:
    """The exceptions of files given beside rules. Raises BesraError."""
    from besra.rules.exception_file import read_exceptions  # noqa: PLC0415  parsers take a while to import

    return read_exceptions(*given.exceptions) if given.exceptions else ExceptionSet()


def known_of_files(spaces: Spaces, space: str, given: ExceptionFiles) -> ExceptionSet:
    """The exceptions of files that the rules of a space may name. Raises BesraError."""
    known = spaces.rules(space).file_exceptions
    others = [spaces.rules(id_).file_exceptions for id_ in spaces.ids if id_ != space]
    for other in (*others, *([] if space == DEFAULT else [read_given(given)])):
        known = known.merged(_only(other, _agnostic(other)))
    return known


def _sharing(merged: Mapping[str, RuleSet], given: ExceptionSet) -> dict[str, RuleSet]:
    """Rules with the agnostic lists that they name beside them, wherever these are from.

    What no rule of any space names is beside those of the default one, for somebody has to be told.
    """
    named = {id_: _named(rules) for id_, rules in merged.items()}
    shared = _only(given, _agnostic(given))
    for rules in merged.values():
        shared = shared.merged(_only(rules.exceptions, _agnostic(rules.exceptions)))
    nobodys = _agnostic(shared).difference(*named.values())
    found = {}
    for id_, rules in merged.items():
        of_all = _only(shared, named[id_] | nobodys if id_ == DEFAULT else named[id_])
        own = rules.exceptions
        single = _only(own, _keys(own) - _agnostic(own))
        found[id_] = replace(rules, exceptions=replace(single, problems=own.problems).merged(of_all))
    return found


def _named(rules: RuleSet) -> frozenset[ListKey]:
    return frozenset(reference.key for loaded in rules if loaded.rule for reference in loaded.rule.exceptions)


def _keys(known: ExceptionSet) -> frozenset[ListKey]:
    return frozenset([*(one.key for one in known.lists), *(one.key for one in known.items)]) | known.broken


def _agnostic(known: ExceptionSet) -> frozenset[ListKey]:
    return frozenset(key for key in _keys(known) if key.namespace is Namespace.AGNOSTIC)


def _only(known: ExceptionSet, keys: Collection[ListKey]) -> ExceptionSet:
    """The lists and items of some keys, without what is to be told of them."""
    return ExceptionSet.of(
        (one for one in known.lists if one.key in keys),
        (one for one in known.items if one.key in keys),
        (),
        (key for key in known.broken if key in keys),
    )


def _once(problems: Iterable[Collection[Problem]]) -> dict[Problem, None]:
    """The problems of sets, each once; that a value list is not used only if no set uses it."""
    sets = [*problems]
    everywhere = set(sets[0]).intersection(*sets[1:])
    return dict.fromkeys(one for some in sets for one in some if one.code != UNUSED or one in everywhere)


def _fingerprint(of_sets: Mapping[str, str]) -> str:
    """The fingerprint of the sets together; none if one has none."""
    if not all(of_sets.values()):
        return ""
    return hashlib.sha256(repr(sorted(of_sets.items())).encode()).hexdigest()[:32]
