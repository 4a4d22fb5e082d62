"""The alert store: alerts, what people do with them, and what rules have done.

What a run of a rule comes to is committed in one transaction: its alerts, its record, how far the rule is, what was
missed or made up for, the groups it leaves. So a run that dies is one that never was, and is run again; a run that is
run again finds its alerts there, by their ids, and changes nothing about them; one that has found more of what an alert
is on brings it up to date (`growth`).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, insert, select

from besra.detection.alert import Alert
from besra.detection.schedule import Gap
from besra.detection.suppression_group import Group
from besra.language.expr import Predicate
from besra.language.simplify import TRUE
from besra.rules.space import DEFAULT
from besra.storage import (
    alert_counts,
    alert_search,
    arrivals,
    gap_log,
    group_log,
    progress,
    retention,
    run_log,
    workflow,
)
from besra.storage.access_store import AccessStore
from besra.storage.alert_counts import CountBy
from besra.storage.alert_question import Question
from besra.storage.alert_row import AT_ONCE, Values, documents, rows_of
from besra.storage.alert_search import Page, Search
from besra.storage.alert_tables import ALERT, ALERT_ASSIGNEE, ALERT_DOCUMENT, ALERT_TAG, RULE_COPY
from besra.storage.arrivals import Arrived
from besra.storage.audit_log import AuditLog
from besra.storage.columns import is_storable
from besra.storage.connector_store import ConnectorStore
from besra.storage.database import AlertStoreError, Database
from besra.storage.exception_store import ExceptionStore
from besra.storage.gap_log import GapKind, GapStatus, RecordedGap
from besra.storage.growth import ToldBucket, grow, told_buckets, told_of_bucket
from besra.storage.outcome import Outcome
from besra.storage.progress import Progress
from besra.storage.rule_store import RuleStore
from besra.storage.run_log import RunRecord, Whose
from besra.storage.space_store import SpaceStore
from besra.storage.upsert import insert_or
from besra.storage.value_list_store import ValueListStore
from besra.storage.versions import bring_up
from besra.storage.workflow import Author, Change, Changed, Chosen, Edit, Note, Reason, Status

FILE = "alerts.sqlite"


Beside = Callable[[Connection, Sequence[Alert]], None]
"""Writes what goes with new alerts. What it raises undoes the transaction."""


@dataclass(frozen=True, slots=True)
class Committed:
    """The ids of the alerts of a run that were new, and of those that were there, in the order of its alerts."""

    new: tuple[str, ...]
    known: tuple[str, ...]


class AlertsTakenError(AlertStoreError):
    """The alerts belong to the journal of another service."""


TAKEN = "the alerts belong to a besra serve with another --data"
HINT = "give it that --data, or another database; a --data that is new takes them over"


class AlertStore:
    """An open store: a SQLite file, or PostgreSQL by URL. Any thread may use it. To be closed.

    Every method is a transaction of its own and raises AlertStoreError if it fails, in which case nothing has changed.
    Opening one brings its tables up to this version of besra; it raises AlertStoreError, also for a database that a
    newer one has written (`database-newer`).
    """

    def __init__(self, place: Path | str) -> None:
        if isinstance(place, Path):
            _make_folder(place.parent)
        self._database = Database(place)
        try:
            bring_up(self._database)
        except BaseException:
            self._database.close()
            raise
        self._journal: int | None = None
        self.spaces = SpaceStore(self._database)
        """The spaces that were made."""
        self.exceptions = ExceptionStore(self._database)
        """The exceptions made over the API."""
        self.value_lists = ValueListStore(self._database)
        """The value lists made over the API."""
        self.connectors = ConnectorStore(self._database)
        """The connectors made over the API."""
        self.beside: list[Beside] = []
        """What else is written with alerts that are new, in their transaction."""
        self.access = AccessStore(self._database)
        """Who may use the service."""
        self.audit = AuditLog(self._database)
        """What was done with it."""

    def rules(self, space: str = DEFAULT) -> RuleStore:
        """The rules made over the API in a space."""
        return RuleStore(self._database, space)

    @property
    def database(self) -> Database:
        """The database behind it, for what stands beside the alerts there."""
        return self._database

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def claim(self, journal: int, *, is_new: bool) -> None:
        """Let this be the alerts of a journal from now on; one that `is_new` may take over those of another.

        Raises AlertsTakenError if they are another's, now or whenever a run is committed.
        """
        with self._database.writing() as connection:
            if not progress.claim(connection, journal, is_new=is_new):
                raise AlertsTakenError.of("serve-alerts-in-use", TAKEN, hint=HINT)
        self._journal = journal

    # --- runs ---------------------------------------------------------------------------------------------------------

    def commit(self, *outcomes: Outcome, position: int | None = None) -> Committed:
        """Keep all that some runs have come to, or nothing. Alerts whose ids are there are left as they are.

        Those on groups and buckets that have grown are brought up to date. The parts of gaps that `run.filled` names
        count as looked through if the run did what it had to. `position` is the last batch of the journal all this
        rests on.
        """
        with self._database.writing() as connection:
            if self._journal is not None and not progress.is_owned(connection, self._journal):
                raise AlertsTakenError.of("serve-alerts-in-use", TAKEN, hint=HINT)
            alerts = [alert for outcome in outcomes for alert in outcome.alerts]
            committed = _write_alerts(connection, alerts)
            new = frozenset(committed.new)
            for outcome in outcomes:
                _write_outcome(connection, outcome, new)
            if committed.new and self.beside:
                fresh = {alert["kibana.alert.uuid"]: alert for alert in alerts if alert["kibana.alert.uuid"] in new}
                for write in self.beside:
                    write(connection, [*fresh.values()])
            if position is not None:
                progress.write_position(connection, position)
            arrivals.add_arrivals(connection, committed.new)
        return committed

    @property
    def position(self) -> int:
        """The last batch of the journal whose alerts are there, 0 for none. Raises AlertStoreError."""
        with self._database.reading() as connection:
            return progress.read_position(connection)

    def progress(self) -> dict[str, Progress]:
        """How far all rules are, by the UUIDs of their objects."""
        with self._database.reading() as connection:
            return progress.read_progress(connection)

    def write_progress(self, rule_uuid: str, how_far: Progress) -> None:
        """Keep how far a rule is without a run, as when it is switched on or off."""
        with self._database.writing() as connection:
            progress.write_progress(connection, rule_uuid, how_far)

    def forget_rule(self, rule_uuid: str) -> None:
        """Forget how far a rule is, as when it is deleted; its alerts and runs stay."""
        with self._database.writing() as connection:
            progress.forget_rule(connection, rule_uuid)

    def group(self, instance_id: str) -> Group | None:
        """A group of suppressed matches that earlier runs have left, unless its alert is closed."""
        with self._database.reading() as connection:
            return group_log.read_group(connection, instance_id)

    def groups(self, rule_uuid: str | None = None) -> Mapping[str, Group]:
        """The groups of suppressed matches that earlier runs have left, but for those whose alert is closed."""
        with self._database.reading() as connection:
            return group_log.read_groups(connection, rule_uuid)

    def forget_groups(self, rule_uuid: str | None, before: int) -> int:
        """Drop the groups of a rule, or of all, that began before a time and can neither go on nor be met again.

        How many they were.
        """
        with self._database.writing() as connection:
            return group_log.forget_groups(connection, rule_uuid, before)

    def runs(
        self, rule_uuid: str | None = None, limit: int = 100, offset: int = 0, space: str | None = None
    ) -> tuple[RunRecord, ...]:
        """The records of runs, of one rule or of all, in one space or in all, the newest first."""
        with self._database.reading() as connection:
            return run_log.runs(connection, Whose(space, rule_uuid), limit, offset)

    def gaps(
        self,
        rule_uuid: str | None = None,
        statuses: Iterable[GapStatus] = tuple(GapStatus),
        space: str | None = None,
    ) -> tuple[RecordedGap, ...]:
        """What was missed, by one rule or by all, in one space or in all, the oldest first."""
        with self._database.reading() as connection:
            return gap_log.gaps(connection, Whose(space, rule_uuid), statuses)

    def ask_runs(self, rule_uuids: Iterable[str], time: Gap, now: int, space: str = DEFAULT) -> None:
        """Keep that runs of some rules of a space over a stretch of time are asked for: a gap until they are done."""
        with self._database.writing() as connection:
            for rule_uuid in rule_uuids:
                gap_log.write_gap(connection, rule_uuid, time, now, GapKind.ASKED, space)

    def mark_gaps(self, ids: Sequence[int], status: GapStatus, message: str = "") -> int:
        """Say that gaps are being filled, that it failed, or that nobody does it. How many were marked."""
        with self._database.writing() as connection:
            return gap_log.mark_gaps(connection, ids, status, message)

    # --- alerts -------------------------------------------------------------------------------------------------------

    def alerts(self, ids: Iterable[str]) -> dict[str, Alert]:
        """Alerts by id, in the order given; those that are not there are left out."""
        with self._database.reading() as connection:
            return documents(connection, ids)

    def known_ids(self, ids: Iterable[str], space: str | None = None) -> frozenset[str]:
        """Which of some ids are those of alerts that are there, in a space or in any."""
        asked = sorted(filter(is_storable, {*ids}))
        known = select(ALERT.c.id) if space is None else select(ALERT.c.id).where(ALERT.c.space == space)
        with self._database.reading() as connection:
            parts = (asked[start : start + AT_ONCE] for start in range(0, len(asked), AT_ONCE))
            rows = (connection.execute(known.where(ALERT.c.id.in_(part))).scalars() for part in parts)
            return frozenset(id_ for part in rows for id_ in part)

    def search(self, asked: Search) -> Page:
        """A page of alerts. Raises AlertStoreError (`alert-search`) for an order or a part there is none of."""
        with self._database.reading() as connection:
            return alert_search.search(connection, asked)

    def count(self, condition: Predicate = TRUE) -> int:
        """How many alerts satisfy a condition."""
        with self._database.reading() as connection:
            return Question(connection, condition).count()

    def counts(self, by: CountBy, condition: Predicate = TRUE) -> dict[str, int]:
        """How many alerts satisfy a condition, by what they have in common, the most first."""
        with self._database.reading() as connection:
            return alert_counts.counts(Question(connection, condition), [by]).by[by]

    @property
    def last_arrival(self) -> int:
        """The position of the last alert in the order they came in, 0 for none."""
        with self._database.reading() as connection:
            return arrivals.last_arrival(connection)

    def arrived(self, after: int, limit: int, space: str = DEFAULT) -> Arrived:
        """The next alerts of a space after a position in the order they came in."""
        with self._database.reading() as connection:
            return arrivals.arrived(connection, after, limit, space)

    def bring_up_to_date(self, alerts: Iterable[Alert]) -> None:
        """Bring those of some alerts on buckets up to date that are there, whatever run has found more of them."""
        told = {alert["kibana.alert.uuid"]: fields for alert in alerts if (fields := told_of_bucket(alert))}
        if told:
            with self._database.writing() as connection:
                grow(connection, told)

    def buckets(self, rule_uuids: Collection[str], since: int) -> list[ToldBucket]:
        """The buckets of some rules there are alerts on, that were made or whose last events happened since a time."""
        with self._database.reading() as connection:
            return [*told_buckets(connection, rule_uuids, since)] if rule_uuids else []

    # --- what people do -----------------------------------------------------------------------------------------------

    def set_status(self, chosen: Chosen, author: Author, status: Status, reason: Reason | None = None) -> Changed:
        """Give alerts a status. Raises AlertStoreError (`alert-change`) for a reason of one that is not closed."""
        with self._database.writing() as connection:
            return workflow.set_status(connection, chosen, author, status, reason)

    def change_names(self, chosen: Chosen, author: Author, edit: Edit) -> Changed:
        """Add tags or assignees and take others away. Raises AlertStoreError (`alert-change`) for an unusable name."""
        with self._database.writing() as connection:
            return workflow.change_names(connection, chosen, author, edit)

    def add_note(self, chosen: Chosen, author: Author, text: str) -> Changed:
        """Put a note on alerts. Raises AlertStoreError (`alert-change`) for an unusable text."""
        with self._database.writing() as connection:
            return workflow.add_note(connection, chosen, author, text)

    def notes(self, alert: str) -> tuple[Note, ...]:
        """The notes on an alert, the first one first."""
        with self._database.reading() as connection:
            return workflow.notes(connection, alert)

    def history(self, alert: str) -> tuple[Change, ...]:
        """All changes of an alert by people, the first one first."""
        with self._database.reading() as connection:
            return workflow.history(connection, alert)

    # --- retention ----------------------------------------------------------------------------------------------------

    def remove_before(self, before: int) -> int:
        """Remove the closed alerts that were created before a time. How many they were."""
        with self._database.writing() as connection:
            return retention.remove_before(connection, before)

    def remove_beyond(self, most: int) -> int:
        """Remove the oldest closed alerts until no more than `most` alerts are left, or only others. How many."""
        with self._database.writing() as connection:
            return retention.remove_beyond(connection, most)

    def remove_rule(self, rule_uuid: str) -> int:
        """Remove all alerts of a rule, as of one that was only tried. How many they were."""
        with self._database.writing() as connection:
            return retention.remove_rule(connection, rule_uuid)

    def forget_log(self, before: int) -> int:
        """Drop the records of runs and the gaps from before a time. How many they were."""
        with self._database.writing() as connection:
            return run_log.forget_runs(connection, before) + gap_log.forget_gaps(connection, before)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds hashes of passwords, too
    except OSError as error:
        message = f"the folder of the alert store cannot be made: {error.strerror}"
        raise AlertStoreError.of("database-failed", message, path=str(folder)) from error


def _write_outcome(connection: Connection, outcome: Outcome, new: frozenset[str]) -> None:
    """Keep all of an outcome but its alerts."""
    run = outcome.run
    ids = {alert["kibana.alert.uuid"] for alert in outcome.alerts}
    run_log.write_run(connection, replace(run, new_alerts=len(ids & new), known_alerts=len(ids - new)))
    if outcome.progress is not None:
        progress.write_progress(connection, run.rule_uuid, outcome.progress)
    if run.gap is not None:
        gap_log.write_gap(connection, run.rule_uuid, run.gap, run.started, space=run.space)
    if run.filled is not None and run.is_done:
        gap_log.fill_gaps(connection, run.rule_uuid, run.filled)
    group_log.write_groups(connection, run.rule_uuid, outcome.groups, run.started)


def _write_alerts(connection: Connection, alerts: Sequence[Alert]) -> Committed:
    """Keep the alerts that are not there, and bring those on buckets up to date that are.

    In order of their ids, so that two commits never wait for each other.
    """
    rows = {alert["kibana.alert.uuid"]: rows_of(alert) for alert in reversed(alerts)}
    if not rows:
        return Committed((), ())
    _write_copies(connection, dict(row.copy for row in rows.values()))
    statement = insert_or(connection, ALERT).on_conflict_do_nothing().returning(ALERT.c.id)
    new = {*connection.execute(statement, [rows[id_].alert for id_ in sorted(rows)]).scalars()}
    if new:
        connection.execute(insert(ALERT_DOCUMENT), [rows[id_].document for id_ in sorted(new)])
    for table, of in ((ALERT_TAG, "tags"), (ALERT_ASSIGNEE, "assignees")):
        named: list[Values] = [row for id_ in sorted(new) for row in getattr(rows[id_], of)]
        if named:
            connection.execute(insert(table), named)
    # The last of several runs is the one that has seen most.
    latest = {alert["kibana.alert.uuid"]: told_of_bucket(alert) for alert in alerts}
    grow(connection, {id_: told for id_, told in latest.items() if told})
    ids = list(dict.fromkeys(alert["kibana.alert.uuid"] for alert in alerts))
    return Committed(tuple(id_ for id_ in ids if id_ in new), tuple(id_ for id_ in ids if id_ not in new))


def _write_copies(connection: Connection, copies: Mapping[str, Values]) -> None:
    """Keep the copies of rules that are not there, and see that the others stay until the alerts are."""
    ids = sorted(copies)
    known: set[str] = set()
    for start in range(0, len(ids), AT_ONCE):
        there = select(RULE_COPY.c.id).where(RULE_COPY.c.id.in_(ids[start : start + AT_ONCE]))
        known |= {*connection.execute(there.with_for_update(read=True, key_share=True)).scalars()}
    if fresh := [{"id": id_, "fields": copies[id_]} for id_ in ids if id_ not in known]:
        connection.execute(insert_or(connection, RULE_COPY).on_conflict_do_nothing(), fresh)
