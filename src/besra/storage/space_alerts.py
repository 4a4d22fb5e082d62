"""Alerts, runs and gaps of one space, for whoever asks in it: there are no others.

What is somebody else's is answered as if it were not there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from besra.detection.alert import Alert
from besra.detection.schedule import Gap
from besra.events.envelope import space_of_alert
from besra.language.expr import Equals, FieldRef, Predicate
from besra.language.simplify import TRUE, all_of
from besra.schema.fieldtype import FieldType
from besra.storage.alert_counts import CountBy
from besra.storage.alert_search import Page, Search
from besra.storage.alert_store import AlertStore
from besra.storage.arrivals import Arrived
from besra.storage.gap_log import GapStatus, RecordedGap
from besra.storage.pushdown import SPACE
from besra.storage.run_log import RunRecord
from besra.storage.workflow import Author, Change, Changed, Chosen, Edit, Note, Reason, Status


@dataclass(frozen=True, slots=True)
class SpaceAlerts:
    """What an alert store has of a space. Methods are those of the store, and raise what they raise."""

    store: AlertStore
    space: str

    # --- alerts -------------------------------------------------------------------------------------------------------

    def alerts(self, ids: Iterable[str]) -> dict[str, Alert]:
        """See `AlertStore.alerts`."""
        found = self.store.alerts(ids)
        return {id_: alert for id_, alert in found.items() if space_of_alert(alert) == self.space}

    def search(self, asked: Search) -> Page:
        """See `AlertStore.search`."""
        return self.store.search(replace(asked, condition=in_spaces(asked.condition, [self.space])))

    def count(self, condition: Predicate = TRUE) -> int:
        """See `AlertStore.count`."""
        return self.store.count(in_spaces(condition, [self.space]))

    def counts(self, by: CountBy, condition: Predicate = TRUE) -> dict[str, int]:
        """See `AlertStore.counts`."""
        return self.store.counts(by, in_spaces(condition, [self.space]))

    @property
    def last_arrival(self) -> int:
        """See `AlertStore.last_arrival`."""
        return self.store.last_arrival

    def arrived(self, after: int, limit: int) -> Arrived:
        """See `AlertStore.arrived`."""
        return self.store.arrived(after, limit, self.space)

    # --- what people do -----------------------------------------------------------------------------------------------

    def set_status(self, chosen: Chosen, author: Author, status: Status, reason: Reason | None = None) -> Changed:
        """See `AlertStore.set_status`."""
        return self.store.set_status(self._own(chosen), author, status, reason)

    def change_names(self, chosen: Chosen, author: Author, edit: Edit) -> Changed:
        """See `AlertStore.change_names`."""
        return self.store.change_names(self._own(chosen), author, edit)

    def add_note(self, chosen: Chosen, author: Author, text: str) -> Changed:
        """See `AlertStore.add_note`."""
        return self.store.add_note(self._own(chosen), author, text)

    def notes(self, alert: str) -> tuple[Note, ...]:
        """See `AlertStore.notes`."""
        return self.store.notes(alert) if self._own([alert]) else ()

    def history(self, alert: str) -> tuple[Change, ...]:
        """See `AlertStore.history`."""
        return self.store.history(alert) if self._own([alert]) else ()

    def _own(self, chosen: Chosen) -> Chosen:
        """Those of some alerts that are of the space, which none ever leaves."""
        if isinstance(chosen, Sequence):
            return sorted(self.store.known_ids(chosen, self.space))
        return in_spaces(chosen, [self.space])

    # --- runs ---------------------------------------------------------------------------------------------------------

    def runs(self, rule_uuid: str | None = None, limit: int = 100, offset: int = 0) -> tuple[RunRecord, ...]:
        """See `AlertStore.runs`."""
        return self.store.runs(rule_uuid, limit, offset, self.space)

    def gaps(
        self, rule_uuid: str | None = None, statuses: Iterable[GapStatus] = tuple(GapStatus)
    ) -> tuple[RecordedGap, ...]:
        """See `AlertStore.gaps`."""
        return self.store.gaps(rule_uuid, statuses, self.space)

    def ask_runs(self, rule_uuids: Iterable[str], time: Gap, now: int) -> None:
        """See `AlertStore.ask_runs`."""
        self.store.ask_runs(rule_uuids, time, now, self.space)


def in_spaces(condition: Predicate, spaces: Iterable[str]) -> Predicate:
    """That an alert satisfies a condition and is of one of some spaces."""
    return all_of([Equals(FieldRef(SPACE, FieldType.KEYWORD), frozenset(spaces)), condition])
