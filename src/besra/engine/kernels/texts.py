"""All tests of texts of one field at once: equality, globs and regular expressions.

The leaves become *atoms*: an atom is a set of leaves that hold together because one test decides them, or a regular
expression that may match. The atoms of a text are found by compiled kernels (`learning`) or, without numba, one test
after the other; texts with the same atoms share one verdict, worked out once.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

from besra.engine.kernels.automaton import Automaton, automaton_of
from besra.engine.kernels.ordered import Verdict
from besra.engine.kernels.regex import RegexTest
from besra.language.casefold import fold_case
from besra.language.expr import Equals, Exists, Leaf, Like, Regex
from besra.language.glob import Glob, glob_matches

MOST_VERDICTS = 1 << 16
"""Sets of atoms remembered; a field has a few hundred, texts made to exhaust memory could have one each."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A regular expression that may match, and its leaves."""

    test: RegexTest
    leaves: Verdict


@dataclass(frozen=True, slots=True)
class GlobTest:
    """A glob, and the atom that holds of texts it covers.

    With `automaton` that must accept the text too; of text it cannot judge, not being ASCII, `asking` holds.
    """

    glob: Glob
    atom: int
    automaton: Automaton | None = None
    asking: int = -1


@dataclass(frozen=True, slots=True)
class Form:
    """The tests on texts as they are, or on folded texts: constants, each with its atom, and globs."""

    constants: dict[str, int]
    globs: tuple[GlobTest, ...]


@dataclass(frozen=True, slots=True)
class TextTests:
    """The tests of some leaves. Every text satisfies the leaves `always`.

    `wide` are the atoms to be added for texts about which globs say nothing of a regular expression (`is_wide`), and
    `foreign` says that one of these expressions is not ASCII itself.
    """

    always: Verdict
    plain: Form
    folded: Form
    atoms: tuple[Verdict | Candidate, ...]
    wide: tuple[int, ...]
    foreign: bool


ODD_CASE = "\u017f\u212a\u0131\u0130"
"""The long s, the Kelvin sign, the dotless i and the dotted capital I: `re` takes them for ASCII letters where case is
ignored, folding does not."""


def is_wide(text: str, foreign: bool) -> bool:
    """Whether ignoring case in a text may mean more to `re` than to globs on the folded text."""
    return not text.isascii() and (foreign or any(char in text for char in ODD_CASE))


class Unsettled:
    """The outcome of atoms among which are regular expressions, to be asked of each text."""

    def __init__(self, leaves: Iterable[int], candidates: Sequence[Candidate]) -> None:
        self._leaves = frozenset(leaves)
        self._candidates = candidates
        self._tests = [candidate.test.matches for candidate in candidates]
        self._verdicts: dict[Hashable, Verdict] = {}

    def verdict(self, text: str) -> Verdict:
        """The leaves the text satisfies."""
        answers = tuple([matches(text) for matches in self._tests])
        found = self._verdicts.get(answers)
        if found is None:
            if len(self._verdicts) >= MOST_VERDICTS:
                self._verdicts.clear()
            matched = compress(self._candidates, answers)
            leaves = self._leaves.union(*(candidate.leaves for candidate in matched))
            found = self._verdicts[answers] = tuple(sorted(leaves))
        return found


class TextMatcher:
    """The leaves satisfied by texts, one test after the other; a glob is tried on texts that hold its longest literal.

    What it remembers changes speed, never results.
    """

    def __init__(self, leaves: Sequence[tuple[int, Leaf]]) -> None:
        self._tests = tests_of(leaves)
        self._globs = tuple(
            tuple((_longest(test.glob), test.glob, test.asking if test.automaton else test.atom) for test in form.globs)
            for form in (self._tests.plain, self._tests.folded)
        )
        self._outcomes: dict[frozenset[int], Verdict | Unsettled] = {}

    def match(self, texts: Sequence[str]) -> list[Verdict]:
        """The leaves each text satisfies; equal ones are nearly always one object."""
        if not self._tests.atoms:
            return [self._tests.always] * len(texts)
        return [self._match(text) for text in texts]

    def _match(self, text: str) -> Verdict:
        atoms = self._atoms(text)
        outcome = self._outcomes.get(atoms)
        if outcome is None:
            if len(self._outcomes) >= MOST_VERDICTS:
                self._outcomes.clear()
            outcome = self._outcomes[atoms] = self._outcome(atoms)
        return outcome.verdict(text) if isinstance(outcome, Unsettled) else outcome

    def _atoms(self, text: str) -> frozenset[int]:
        atoms = set(self._tests.wide) if is_wide(text, self._tests.foreign) else set()
        forms = ((self._tests.plain, text), (self._tests.folded, fold_case(text)))
        for (form, written), globs in zip(forms, self._globs, strict=True):
            atom = form.constants.get(written)
            if atom is not None:
                atoms.add(atom)
            atoms.update(atom for part, glob, atom in globs if part in written and glob_matches(glob, written))
        return frozenset(atoms)

    def _outcome(self, atoms: Iterable[int]) -> Verdict | Unsettled:
        leaves, candidates = set(self._tests.always), []
        for number in atoms:
            atom = self._tests.atoms[number]
            if isinstance(atom, Candidate):
                candidates.append(atom)
            else:
                leaves.update(atom)
        return Unsettled(leaves, candidates) if candidates else tuple(sorted(leaves))


def _longest(glob: Glob) -> str:
    return max((part for part in glob.parts if isinstance(part, str)), key=len, default="")


# --- leaves to tests --------------------------------------------------------------------------------------------------


def tests_of(leaves: Sequence[tuple[int, Leaf]]) -> TextTests:
    """The tests of numbered leaves: Exists, Equals with text constants, Like, Regex. Others are left out."""
    constants: defaultdict[tuple[bool, str], list[int]] = defaultdict(list)
    globs: defaultdict[tuple[bool, Glob], list[int]] = defaultdict(list)
    regexes: defaultdict[tuple[bool, str], list[int]] = defaultdict(list)
    for number, leaf in leaves:
        match leaf:
            case Equals():
                for value in leaf.values:
                    if isinstance(value, str):
                        constants[leaf.ignore_case, value].append(number)
            case Like():
                for glob in dict.fromkeys(leaf.globs):
                    globs[leaf.ignore_case, glob].append(number)
            case Regex():
                for pattern in dict.fromkeys(leaf.patterns):
                    regexes[leaf.ignore_case, pattern].append(number)
    always = tuple(number for number, leaf in leaves if isinstance(leaf, Exists))
    return _tests(always, constants, globs, regexes)


def _tests(
    always: Verdict,
    constants: Mapping[tuple[bool, str], list[int]],
    globs: Mapping[tuple[bool, Glob], list[int]],
    regexes: Mapping[tuple[bool, str], list[int]],
) -> TextTests:
    numbers: dict[Verdict | Candidate, int] = {}

    def number(atom: Verdict | Candidate) -> int:
        return numbers.setdefault(atom, len(numbers))

    forms = (Form({}, ()), Form({}, ()))
    tried: tuple[list[GlobTest], ...] = ([], [])
    for (folds, text), leaves in constants.items():
        forms[folds].constants[text] = number(tuple(leaves))
    for (folds, glob), leaves in globs.items():
        tried[folds].append(GlobTest(glob, number(tuple(leaves))))
    wide, foreign = [], False
    for (folds, pattern), leaves in regexes.items():
        test = RegexTest(pattern, folds)
        asking = number(Candidate(test, tuple(leaves)))
        automaton = automaton_of(test)
        atom = number(tuple(leaves)) if automaton else asking
        tried[folds].extend(GlobTest(glob, atom, automaton, asking) for glob in test.globs)
        if folds:
            wide.append(asking)
            foreign = foreign or not pattern.isascii()
    plain, folded = (Form(form.constants, tuple(globs)) for form, globs in zip(forms, tried, strict=True))
    return TextTests(always, plain, folded, tuple(numbers), tuple(sorted(wide)), foreign)
