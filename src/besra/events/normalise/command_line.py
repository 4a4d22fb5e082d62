"""The two ways sources split a command line into arguments; rules see the difference (sources.md 4.3)."""

import re
from functools import lru_cache


def split_arguments(command_line: str) -> list[str]:
    """Arguments as the Windows C runtime sees them: Sysmon, PowerShell and SentinelOne.

    Blanks and tabs separate. Quotes group and vanish, except that a doubled quote inside quotes is one quote (and
    closes the group, the rule before 2008). 2n backslashes before a quote are n, 2n+1 are n and a literal quote;
    elsewhere a backslash is itself.
    """
    if '"' not in command_line:
        # Backslashes mean something before a quote only.
        return [argument for argument in command_line.replace("\t", " ").split(" ") if argument]
    return list(_quoted_arguments(command_line))


@lru_cache(maxsize=4096)
def _quoted_arguments(command_line: str) -> tuple[str, ...]:
    """The arguments of a command line with quotes; parents repeat theirs for every child, hence the cache."""
    arguments: list[str] = []
    position, end = 0, len(command_line)
    while position < end:
        if command_line[position] in " \t":
            position += 1
            continue
        argument, position = _next_argument(command_line, position)
        arguments.append(argument)
    return tuple(arguments)


PART = re.compile(r'(\\*)("|[ \t]|[^\\" \t]+|\Z)')
"""Backslashes, and what follows them: a quote, a blank, a run of other characters or the end."""


def _next_argument(text: str, position: int) -> tuple[str, int]:
    """The argument that starts here, and where the next one may start."""
    pieces: list[str] = []
    quoted = False
    while position < len(text):
        found = PART.match(text, position)
        assert found is not None  # every character starts a part
        slashes, after = found.groups()
        position = found.end()
        if after == '"':
            pieces.append(slashes[: len(slashes) // 2])
            if len(slashes) % 2:
                pieces.append('"')
                continue
            if quoted and text.startswith('"', position):
                pieces.append('"')
                position += 1
            quoted = not quoted
            continue
        pieces.append(slashes)
        if after in (" ", "\t") and not quoted:
            break
        pieces.append(after)
    return "".join(pieces), position


def split_at_whitespace(command_line: str) -> list[str]:
    """Arguments as the Security pipeline makes them for event 4688: quotes stay, doubled blanks give empty strings.

    Each white space character outside quotes ends an argument, so one at the very end leaves an empty last argument.
    """
    arguments: list[str] = []
    quoted = False
    start = 0
    last = len(command_line) - 1
    for position, char in enumerate(command_line):
        if char == '"':
            quoted = not quoted
        if not quoted and char.isspace() and char not in NO_BREAK:
            arguments.append(command_line[start:position])
            start = position + 1
        if position == last:
            arguments.append(command_line[start:])
    return arguments


NO_BREAK = "\x85\u00a0\u2007\u202f"
"""Space to Python but not to the pipeline's language, Java."""
