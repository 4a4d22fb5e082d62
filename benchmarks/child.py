"""Measurements in processes of their own: what one imports, caches or leaves in memory must not bear on another."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

TASKS = {
    "rule-sets": "benchmarks.rule_sets",
    "micro-batches": "benchmarks.micro_batches",
    "events": "benchmarks.corpus",
    "scans": "benchmarks.scans",
    "reference": "benchmarks.peers.reference",
    "python-eql": "benchmarks.peers.python_eql",
    "duckdb": "benchmarks.peers.duckdb",
    "polars": "benchmarks.peers.polars",
}
"""Each is a module with a function `measure(parameters)` that gives what JSON can hold."""

NOT_INSTALLED = "not installed"


def in_child(task: str, parameters: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The result of a task, `{"missing": …}` or `{"failed": …}` if there is none."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.child", task],
        input=json.dumps(parameters),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(environment or {})},
    )
    if done.returncode:
        last = done.stderr.strip().split("\n")[-1]
        return {"failed": f"{task} ended with {done.returncode}: {last}", "stderr": done.stderr[-4000:]}
    result: dict[str, Any] = json.loads(done.stdout.rpartition("\n")[2] or done.stdout)
    return result


def main() -> None:
    """Do the task named, with parameters from standard input; the result is the last line of standard output."""
    parameters = json.load(sys.stdin)
    try:
        measure: Callable[[Any], dict[str, Any]] = importlib.import_module(TASKS[sys.argv[1]]).measure
        result = measure(parameters)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith(("besra", "benchmarks")):
            raise
        result = {"missing": f"{error.name} is {NOT_INSTALLED}"}
    sys.stdout.write("\n" + json.dumps(result))


if __name__ == "__main__":
    main()
