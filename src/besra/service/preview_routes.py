"""The route by which a rule is tried before it is made (detection-engine.md 8.1)."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from besra.detection.detect import Job
from besra.errors import BesraError
from besra.rules.build import parse_rule
from besra.rules.document import RuleDocument
from besra.rules.exception_filter import ListName, ValueLists
from besra.rules.exception_loading import ExceptionFiles, load_exceptions
from besra.rules.loaded import LoadedRule, RuleSet
from besra.rules.rule import RuleStatus
from besra.schema.timestamp import format_timestamp, parse_timestamp
from besra.service.answering import RequestError, json_reply
from besra.service.author import author_of
from besra.service.endpoint import Endpoint, Face, Right, space_of
from besra.service.preview import Previews, Trial, refuse_runs, starts_of, with_id
from besra.service.rule_changes import drafted
from besra.service.rule_routes import document_of
from besra.service.runs import Clock
from besra.service.space_rules import files_beside, known_of_files
from besra.service.spaces import Spaces

PATH = "/api/detection_engine/rules/preview"
OWN = ("invocationCount", "timeframeEnd", "id")
OF_ALERTS = (".alerts-", ".internal.alerts-", ".siem-signals", "*")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a rule runs among in a service: other rules, exceptions, value lists, and how files say they are used."""

    spaces: Spaces
    beside: ExceptionFiles
    match_index: bool


def preview_routes(previews: Previews, among: Surroundings, clock: Clock) -> list[Endpoint]:
    """All of them."""

    async def preview(request: Request) -> Response:
        given, now, space = await document_of(request), clock(), space_of(request)
        asker = author_of(request, now).name

        def tried() -> dict[str, Any]:
            rule, count, end = _asked(given, space, now)
            if rule.status is not RuleStatus.READY or rule.rule is None:
                return _unable(rule, end)
            job = _job(among, rule, space, now)
            found = dict(previews.run(asker, Trial(rule.rule, job, starts_of(rule.rule, count, end))))
            if any(pattern.startswith(OF_ALERTS) for pattern in rule.rule.parameters.get("index") or ()):
                found["besra"] = {"note": "a preview looks through events; what a rule finds in alerts is not in it"}
            return found

        return json_reply(await run_in_threadpool(tried))

    return [Endpoint(Face.KIBANA, "POST", PATH, Right.AUTHOR, preview)]


def _asked(document: RuleDocument, space: str, now: int) -> tuple[LoadedRule, int, int]:
    """The rule to try, how often, and when the last run would start. Raises RequestError (400)."""
    given = document.parameters
    count = refuse_runs(given.get("invocationCount", 1))
    told = given.get("timeframeEnd")
    end = now if told is None else parse_timestamp(told) if isinstance(told, str) else None
    if end is None or end > now:
        raise RequestError(400, "timeframeEnd is a time such as 2026-01-01T00:00:00Z, and not in the future")
    own = {name: value for name, value in given.items() if name not in OWN}
    draft = drafted(parse_rule(replace(document, parameters={"rule_id": str(uuid4()), **own})))
    loaded = draft.loaded
    return replace(loaded, rule=with_id(loaded.rule, str(uuid4()), space) if loaded.rule else None), count, end


def _unable(rule: LoadedRule, end: int) -> dict[str, Any]:
    """What is told of a rule that besra cannot run."""
    errors = [problem.message for problem in rule.problems] or ["besra cannot run the rule"]
    log = {"errors": errors, "warnings": [], "startedAt": format_timestamp(end), "duration": 0}
    return {"previewId": str(uuid4()), "logs": [log], "isAborted": False}


def _job(among: Surroundings, rule: LoadedRule, space: str, now: int) -> Job:
    """The rule with the exceptions it would have. Raises RequestError where these cannot be read."""
    spaces = among.spaces
    # The others count for which lists they name: a list that no rule names is for all.
    others = [replace(entry.loaded, status=RuleStatus.UNSUPPORTED, plan=None) for entry in spaces.rules(space).entries]

    def kept_lists(names: frozenset[ListName]) -> ValueLists:
        return spaces.lists.found(names, space, is_whole=False)

    try:
        of_files = known_of_files(spaces, space, among.beside)
        rules = spaces.exceptions(space).merged(RuleSet((*others, rule), exceptions=of_files))
        kept = load_exceptions(rules, files_beside(among.beside, space), now=now, kept=kept_lists)
    except (BesraError, OSError) as error:
        raise RequestError(503, f"the exceptions cannot be read: {error}") from error
    tried = tuple((one.rule, one.plan) for one in kept.rules.rules[-1:] if one.rule and one.plan)
    return Job(tried, among.match_index, now=now)
