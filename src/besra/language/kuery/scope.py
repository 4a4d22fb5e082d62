"""What lowering knows while it walks a query: the text, the field catalogue, the time, the problems found so far."""

from dataclasses import dataclass

from besra.language.findings import Findings
from besra.problems import Severity, Span
from besra.schema.catalogue import Catalogue


@dataclass
class Scope(Findings):
    """The context of one lowering; `problems` grows while it runs. `now` is in nanoseconds since 1970."""

    catalogue: Catalogue
    now: int | None = None

    def error(self, span: Span, message: str, *, hint: str | None = None, code: str = "kql-semantic") -> None:
        """Note an error; lowering goes on, so that all errors of a query are found."""
        self.note(Severity.ERROR, span, message, hint, code)

    def warn(self, span: Span, message: str, *, hint: str | None = None, code: str = "kql-never") -> None:
        """Note something the author should know; the query remains usable."""
        self.note(Severity.WARNING, span, message, hint, code)
