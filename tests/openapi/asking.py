"""A service with something in it, and schemathesis before it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from besra.demo.stream import demo_documents
from tests.documents import ROOT
from tests.served import Served, serving

CHECKS = ("no_server_error", "response_schema_conformance", "status_code_conformance", "content_type_conformance")
ENDLESS = "/alerts/stream"
"""Answers without an end are for other tests."""
GRACE = 120
"""Seconds until a run that does not end is given up."""


@dataclass(frozen=True, slots=True)
class Done:
    """What schemathesis said, how many requests there were and how many checks failed; how the service ended."""

    told: str
    cases: int
    failures: int
    code: int
    said: str

    @property
    def is_fine(self) -> bool:
        """Whether nothing was wrong."""
        return not self.failures and self.cases > 0 and self.code == 0 and "Traceback" not in self.said


def asked(folder: Path, seconds: int, *, seed: int | None = None, path: str | None = None) -> Done:
    """Ask a service of its own for so many seconds."""
    with serving(folder / "data", "--any-index") as served:
        served.send(list(demo_documents(minutes=1)))
        known = {
            "/api/v1/alerts/": sorted(served.alerts(4)),
            "/api/v1/rules/": [rule["id"] for rule in _rules(served)],
        }
        report = folder / "report.json"
        options = [
            *("--max-time", str(seconds), "--checks", ",".join(CHECKS), "--exclude-path-regex", ENDLESS),
            *("--header", "kbn-xsrf: true", "--continue-on-failure", "--request-timeout", "60", "--no-color"),
            *("--suppress-health-check", "all", "--phases", "examples,coverage,fuzzing", "--no-shrink"),
            *("--report", "json", "--report-json-path", str(report), "--generation-database", "none"),
            *(["--seed", str(seed)] if seed is not None else []),
            *(["--include-path-regex", path] if path else []),
        ]
        done = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "run", f"{served.address}/api/v1/openapi.json", *options],
            env={
                **os.environ,
                "SCHEMATHESIS_HOOKS": "tests.openapi.hooks",
                "BESRA_KNOWN_IDS": json.dumps(known),
                "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            },
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            timeout=seconds + GRACE,
        )
        code, said = served.stop()
    told = json.loads(report.read_text("utf-8")) if report.exists() else {}
    counted = told.get("test_cases", {})
    failures = counted.get("unique_failures", 1) + len(told.get("errors", ()))
    return Done(done.stdout + done.stderr, counted.get("generated", 0), failures, code, said)


def _rules(served: Served) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(served.text("/api/detection_engine/rules/_find"))["data"]
    return found
