"""Whether the service of this container answers: exit code 0 if it does. With TLS or without, whatever it has."""

import os
import ssl
import sys
import urllib.error
import urllib.request

PATIENCE = 5


def answers(scheme: str) -> bool:
    """Whether `/healthz` is answered with 200."""
    port = os.environ.get("BESRA_SERVE__PORT", "9200")
    # To this machine itself, by an address no certificate has: only whether somebody answers is asked.
    unchecked = ssl._create_unverified_context()
    try:
        with urllib.request.urlopen(
            f"{scheme}://127.0.0.1:{port}/healthz", timeout=PATIENCE, context=unchecked
        ) as told:
            return bool(told.status == 200)
    except (OSError, urllib.error.URLError):
        return False


if __name__ == "__main__":
    sys.exit(0 if answers("http") or answers("https") else 1)
