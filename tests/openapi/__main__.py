"""Ask a running service everything its OpenAPI document allows, and what it does not.

    python -m tests.openapi [--seconds N] [--seed S] [--path REGEX]

Requests are made up by schemathesis from the document of a service with events, alerts and rules. The exit status is 1
if an answer is an error of the service, or not what the document says.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.openapi.asking import asked


def main() -> int:
    """Run what the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m tests.openapi")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--path", help="only paths that this regular expression finds")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        done = asked(Path(folder), given.seconds, seed=given.seed, path=given.path)
    sys.stdout.write(done.told)
    if "Traceback" in done.said:
        sys.stdout.write(done.said)
    sys.stdout.write(f"\n{done.cases:,} requests, {done.failures} failures; the service ended with {done.code}\n")
    return 0 if done.is_fine else 1


if __name__ == "__main__":
    sys.exit(main())
