"""PostgreSQL restarted, killed and away while alerts are to be written there."""

import tempfile
import time
from pathlib import Path
from random import Random
from shutil import rmtree

from tests.crash.load import Load
from tests.crash.outcome import Outcome, SkippedError
from tests.crash.rules import loaded, write_rules
from tests.crash.serving import Serving
from tests.crash.verdict import verdict_on
from tests.postgres import NoServerError, controlled

AWAY = 6.0
"""Seconds the database is away for once."""


def postgres_restarted(folder: Path, seed: int, restarts: int) -> Outcome:
    """Restart and kill the database under load, stop it for a while, and kill the service while it is away."""
    folder.mkdir(parents=True)
    random = Random(seed)
    rules, data = write_rules(folder), folder / "data"
    place = Path(tempfile.mkdtemp(prefix="besra-crash-pg-"))
    try:
        with controlled(place) as database:
            with (
                Serving(folder, rules, data, options=("--alerts", database.url)) as serving,
                Load(serving.port, seed) as load,
            ):
                serving.start()
                serving.wait_up()
                for _ in range(restarts):
                    time.sleep(random.uniform(0.2, 1.5))
                    database.stop(random.choice(("fast", "immediate")))
                    time.sleep(random.uniform(0, 1))
                    database.start()
                serving.wait_for(lambda: serving.status("/readyz") == 200, "it is ready again")
                database.stop("immediate")
                before = load.acknowledged
                time.sleep(AWAY)
                ready, taken = serving.status("/readyz"), load.acknowledged - before
                serving.kill()
                database.start()
                serving.start()
                serving.wait_up()
                sent = load.finish()
                serving.wait_for(lambda: serving.status("/readyz") == 200, "it is ready again")
                serving.stop()
            verdict = verdict_on(sent, data, loaded(rules), database.url)
    except NoServerError as error:
        raise SkippedError(str(error)) from error
    finally:
        rmtree(place, ignore_errors=True)
    if not taken:
        verdict.faults.append("no event was taken while the database was away")
    if ready != 503:
        verdict.faults.append(f"/readyz answered {ready} while the database was away")
    return Outcome(f"{restarts + 1} restarts, {taken} events taken while it was away", verdict)
