"""Regular expressions: globs that every match satisfies, and who decides where a glob is not enough.

ASCII text is decided by an automaton (`automaton`) in the compiled kernel. Other text, and all text in the reference,
is left to `re`. Where that might backtrack for ever, google-re2 decides if it is installed and sure to agree, and the
states of the pattern (`language.regex_states`) if not; google-re2 also of long texts. Not always, because a call of
google-re2 from Python costs 3 to 4 µs whatever the text, one of `re` 0.2 to 3 µs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any

from besra.language.glob import Glob, Wild, normalised
from besra.language.regex_states import states_of
from besra.language.regex_tree import LONG, Node, Repeat, Sequence, Symbol, Tree, Union, parse_regex
from besra.language.scalar import compiled

Parts = tuple[str | Wild, ...]
ANYTHING: list[Parts] = [(Wild.ANY,)]
MOST_BRANCHES = 64
MOST_REPEATS = 64


@dataclass(frozen=True)
class RegexTest:
    """A pattern of `Regex.patterns`, for a whole text, `.` taking line breaks."""

    pattern: str
    ignore_case: bool

    def matches(self, text: str) -> bool:
        """Whether the pattern matches the whole text."""
        tree = self.tree
        if tree and (tree.backtracks or len(text) > LONG):
            linear = _linear(self.pattern, self.ignore_case) if tree.is_common and self._agree_on(text) else None
            if linear is not None:
                return linear.fullmatch(text) is not None
            states = states_of(self.pattern, self.ignore_case) if tree.backtracks else None
            if states is not None:
                return states.matches(text)
        return self._fullmatch(text) is not None

    @cached_property
    def tree(self) -> Tree | None:
        """The pattern as a tree, None if it is not understood."""
        return parse_regex(self.pattern)

    @cached_property
    def globs(self) -> tuple[Glob, ...]:
        """Globs of which one covers every text the pattern matches; for what is not understood, `*`.

        With `ignore_case` they are for folded text, and hold for ASCII texts only: `re` lets `s` match the long s and
        `i` the dotless, which folding keeps apart.
        """
        branches = _globs(self.tree.root, ignore_case=self.ignore_case) if self.tree else ANYTHING
        return tuple(dict.fromkeys(normalised(parts) for parts in branches))

    @cached_property
    def _fullmatch(self) -> Callable[[str], object]:
        return compiled(self.pattern, self.ignore_case, dotall=True).fullmatch

    def _agree_on(self, text: str) -> bool:
        """Whether both engines read the text alike: on case beyond ASCII they differ, half a surrogate has no UTF-8."""
        if self.ignore_case:
            return text.isascii() and self.pattern.isascii()
        try:
            text.encode()
        except UnicodeEncodeError:
            return False
        return True


@lru_cache(maxsize=4096)
def regex_test(pattern: str, ignore_case: bool) -> RegexTest:
    """The test of a pattern, with what it has worked out already."""
    return RegexTest(pattern, ignore_case)


@cache
def _linear(pattern: str, ignore_case: bool) -> Any | None:
    """The pattern compiled by google-re2; None if that is missing or refuses the pattern."""
    try:
        import re2  # type: ignore[import-untyped]  # noqa: PLC0415  optional
    except ImportError:
        return None
    options = re2.Options()
    options.dot_nl = True
    options.case_sensitive = not ignore_case
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError):
        return None


def _globs(node: Node, *, ignore_case: bool) -> list[Parts]:
    """Globs that cover more than the node matches, never less."""
    match node:
        case Symbol():
            # Beyond ASCII a character may have an ASCII one as its other case.
            if node.char is None or (ignore_case and not node.char.isascii()):
                return [(Wild.ONE,)]
            return [(node.char.lower() if ignore_case else node.char,)]
        case Union():
            branches = [parts for branch in node.branches for parts in _globs(branch, ignore_case=ignore_case)]
            return branches if len(branches) <= MOST_BRANCHES else ANYTHING
        case Sequence():
            return _sequence(node, ignore_case=ignore_case)
        case Repeat():
            return _repeat(node, ignore_case=ignore_case)


def _sequence(node: Sequence, *, ignore_case: bool) -> list[Parts]:
    branches: list[Parts] = [()]
    for part in node.parts:
        following = _globs(part, ignore_case=ignore_case)
        if len(branches) * len(following) > MOST_BRANCHES:
            following = ANYTHING
        branches = [head + tail for head in branches for tail in following]
    return branches


def _repeat(node: Repeat, *, ignore_case: bool) -> list[Parts]:
    once = _globs(node.part, ignore_case=ignore_case)
    if (node.least, node.most) == (0, 1):
        return ANYTHING if all(map(_is_nearly_anything, once)) else [*once, ()]
    if (node.least, node.most) == (1, 1):
        return once
    if node.least == 0 or len(once) > 1:
        return ANYTHING
    many = once[0] * min(node.least, MOST_REPEATS)
    return [many if node.most == node.least <= MOST_REPEATS else (*many, Wild.ANY)]


def _is_nearly_anything(parts: Parts) -> bool:
    """Whether a glob covers all texts but the shortest: to tell these apart takes more tests than it is worth."""
    return Wild.ANY in parts and not any(isinstance(part, str) for part in parts)
