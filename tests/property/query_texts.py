"""What both query languages are tried with: texts cut up and put together, and what is said about them."""

from collections.abc import Callable
from typing import TypeVar

from hypothesis import strategies as st

from besra.errors import QuerySyntaxError

Q = TypeVar("Q")


def texts_of(words: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Any text, and words of a language in any order, with and without blanks."""
    return st.one_of(
        st.text(max_size=60), st.lists(words, max_size=40).map(" ".join), st.lists(words, max_size=20).map("".join)
    )


def damaged(queries: st.SearchStrategy[str], words: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Queries with a few pieces cut out, doubled, swapped or put in."""

    @st.composite
    def strategy(draw: st.DrawFn) -> str:
        text = draw(queries)
        for _ in range(draw(st.integers(1, 3))):
            start = draw(st.integers(0, len(text)))
            end = min(len(text), start + draw(st.integers(0, 10)))
            match draw(st.sampled_from(["cut", "double", "insert", "reverse"])):
                case "cut":
                    text = text[:start] + text[end:]
                case "double":
                    text = text[:end] + text[start:]
                case "insert":
                    text = text[:start] + draw(words | st.text(max_size=3)) + text[start:]
                case _:
                    text = text[:start] + text[start:end][::-1] + text[end:]
        return text

    return strategy()


def parsed_or_refused(parse: Callable[[str], Q], text: str) -> Q | None:
    """The query, or None if it was refused: with messages that can be shown and places within the text."""
    try:
        return parse(text)
    except QuerySyntaxError as error:
        lines = text.split("\n")
        for problem in error.problems:
            assert problem.render().encode("utf-8")
            assert problem.hint or problem.code.startswith("eql-")
            line, column = problem.place.line, problem.place.column
            assert line is not None
            assert column is not None
            assert 1 <= line <= len(lines)
            assert 1 <= column <= len(lines[line - 1]) + 1
        return None
