"""A field against a value list, as the IR (detection-engine.md 4.4). There is no limit to the length of a list.

Addresses, and ranges of them, are compared as addresses. Other values are compared by the type of their field; on a
field of type text a value is found where all its words are, in any order. Values of lists of type text may hold the
wildcards `*` and `?`, which is besra's own.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from besra.language.casefold import fold_case
from besra.language.expr import Call, Constant, Equals, FieldRef, InNetwork, Like, Networks, Predicate, Regex, Script
from besra.language.glob import Glob, eql_glob
from besra.language.kuery.alternatives import any_alternative
from besra.language.kuery.analyser import Analyser
from besra.language.kuery.field_tests import CASELESS, NEVER
from besra.language.kuery.text_tests import analyser_of
from besra.language.kuery.word_list import WordList
from besra.language.simplify import FALSE
from besra.rules.value_list import Addresses, AddressRanges, Texts, ValueList, ValueListType
from besra.schema.catalogue import Catalogue
from besra.schema.fieldtype import FieldType, parse_network, to_typed

OF_ADDRESSES = frozenset({FieldType.IP, FieldType.KEYWORD, FieldType.DYNAMIC})
"""The types whose values may be addresses."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The predicate, and how many values of the list a field of this type can never have."""

    predicate: Predicate
    unfit: int = 0


def listed(name: str, values: ValueList, catalogue: Catalogue) -> Listed:
    """Some value of the field is in the list."""
    kind = catalogue.type_of(name)
    match values.values:
        case Addresses(addresses) if kind in OF_ADDRESSES:
            return Listed(Equals(FieldRef(name, FieldType.IP), frozenset(addresses)))
        case AddressRanges(ranges) if kind in OF_ADDRESSES:
            return Listed(InNetwork(FieldRef(name, FieldType.IP), Networks(ranges)))
        case Texts(texts) if kind not in NEVER:
            return _texts(name, values, texts, catalogue)
        case _:
            return Listed(FALSE, len(values))


def _texts(name: str, values: ValueList, texts: frozenset[str], catalogue: Catalogue) -> Listed:
    kind = catalogue.type_of(name)
    patterns = [text for text in texts if "*" in text or "?" in text] if values.type is ValueListType.TEXT else []
    plain = texts.difference(patterns) if patterns else texts
    if analyser := analyser_of(catalogue, name):
        return Listed(any_alternative([_words(name, analyser, plain), *_word_patterns(name, analyser, patterns)]))
    if kind in (FieldType.KEYWORD, FieldType.DYNAMIC):
        return Listed(any_alternative([_exact(name, plain), *_globs(name, patterns)]))
    if kind is FieldType.IP:
        return _addresses(name, plain, len(patterns))
    typed = {value for text in plain if (value := to_typed(text, kind)) is not None}
    return Listed(Equals(FieldRef(name, kind), frozenset(typed)) if typed else FALSE, len(texts) - len(typed))


def _exact(name: str, texts: frozenset[str]) -> Predicate:
    field = FieldRef(name, FieldType.KEYWORD)
    if not texts:
        return FALSE
    if name.endswith(CASELESS):
        return Equals(field, frozenset(map(fold_case, texts)), ignore_case=True)
    return Equals(field, texts)


def _globs(name: str, patterns: Iterable[str]) -> list[Predicate]:
    folds = name.endswith(CASELESS)
    globs = tuple(eql_glob(fold_case(text) if folds else text) for text in sorted(patterns))
    return [Like(FieldRef(name, FieldType.KEYWORD), globs, folds)] if globs else []


def _addresses(name: str, texts: frozenset[str], patterns: int) -> Listed:
    """Texts as addresses and networks, on a field of addresses."""
    found = [network for text in texts if (network := parse_network(text))]
    field = FieldRef(name, FieldType.IP)
    single = frozenset(first for first, last in found if first == last)
    networks = Networks(sorted((first, last) for first, last in found if first != last))
    tests: list[Predicate] = [Equals(field, single)] if single else []
    tests += [InNetwork(field, networks)] if networks else []
    return Listed(any_alternative(tests), len(texts) - len(found) + patterns)


def _words(name: str, analyser: Analyser, texts: frozenset[str]) -> Predicate:
    words = WordList.of(analyser, texts)
    if not words.values:
        return FALSE
    return Script(Call("holdsPhrase", (FieldRef(name, FieldType.KEYWORD), Constant(words))))


def _word_patterns(name: str, analyser: Analyser, patterns: Iterable[str]) -> list[Predicate]:
    """Patterns for whole values: on a text each stands for some word."""
    globs: list[Glob] = [eql_glob(fold_case(text)) for text in sorted(patterns)]
    found = tuple(dict.fromkeys(regex for glob in globs if (regex := analyser.glob(glob))))
    return [Regex(FieldRef(name, FieldType.KEYWORD), found, ignore_case=True)] if found else []
