"""Exit codes of the besra command (interfaces.md 3)."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the command's exit status says."""

    OK = 0
    FINDINGS = 1
    BAD_RULE = 2
    BAD_INPUT = 3
    INTERNAL = 4
    INTERRUPTED = 130


EXIT_CODE_HELP = """\b
Exit codes: 0 fine; 1 findings, where asked (--fail-on, audit verify); 2 a rule or
query is bad; 3 bad argument, configuration or input; 4 internal error, or what
doctor finds broken; 130 interrupted."""
