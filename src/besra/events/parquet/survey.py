"""Which fields the events of a file have, and of which types: what the columns of the file follow from."""

from collections.abc import Sequence

from besra.events.parquet.layout import EVENT_TYPES, FieldColumn, Form
from besra.schema.fieldtype import Scalar

MAX_FIELDS = 2000
"""Fields that get a column. Files with more have keys that are data; those are found in the documents."""

FORMS = {str: Form.TEXT, int: Form.INTEGER, float: Form.NUMBER, bool: Form.BOOLEAN}

LARGEST = 2**63


def form_of(values: Sequence[Scalar]) -> Form:
    """The form values can be written in, at least one being there."""
    kinds = set(map(type, values))
    if len(kinds) > 1:
        return Form.TOKEN
    form = FORMS[kinds.pop()]
    if form is Form.INTEGER and not (min(values) >= -LARGEST and max(values) < LARGEST):  # type: ignore[operator]
        return Form.TOKEN
    return form


class Survey:
    """The fields seen so far, in order of their first occurrence."""

    def __init__(self) -> None:
        self.is_complete = True
        self._taken: set[str] = set()
        self._forms: dict[str, tuple[Form, bool]] = {}

    def takes(self, field: str) -> bool:
        """Whether a field gets a column; from the first that does not, the survey is incomplete."""
        if field in self._taken:
            return True
        self.is_complete = self.is_complete and len(self._taken) < MAX_FIELDS
        if self.is_complete:
            self._taken.add(field)
        return self.is_complete

    def add(self, field: str, form: Form, *, is_list: bool) -> None:
        """Some values of a field were seen."""
        known, many = self._forms.get(field, (form, is_list))
        self._forms[field] = (form if known is form else Form.TOKEN, many or is_list)

    def columns(self) -> tuple[FieldColumn, ...]:
        """A column for every field, each under a name of its own."""
        taken = {*EVENT_TYPES, *self._forms}
        columns = []
        for field, (form, is_list) in self._forms.items():
            name = field
            while field in EVENT_TYPES and name in taken:
                name = f"field:{name}"
            taken.add(name)
            columns.append(FieldColumn(name, field, form, is_list))
        return tuple(columns)
