"""`python -m tests.clients`: bring the clients that tests run, with pip and npm, into `.clients`."""

import sys

from tests.clients.installed import FOLDER, install

failed = install()
for line in failed:
    print(line, file=sys.stderr)
print(f"clients are in {FOLDER.name}" + (f"; {len(failed)} could not be had" if failed else ""), file=sys.stderr)
sys.exit(bool(failed))
