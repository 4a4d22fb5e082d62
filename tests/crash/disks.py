"""Disks that are full, read-only or broken while the service runs, and when it starts."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.crash.load import Load
from tests.crash.mounts import Disk
from tests.crash.outcome import Outcome, SkippedError
from tests.crash.rules import loaded, write_rules
from tests.crash.serving import Serving, ServingError, has_strace
from tests.crash.verdict import verdict_on

STARVED = 7.0
"""Seconds a disk is bad: the event store is written every five."""
ROOMY = {"roomy": True}
"""These disks are smaller than what is to stay free by default."""
PARTS = ("journal", "events", "alerts")


@dataclass
class Placed:
    """A service whose parts are on disks of their own."""

    serving: Serving
    disks: dict[str, Disk]


@contextmanager
def placed(folder: Path, size: int = 48 << 20) -> Iterator[Placed]:
    """Folders on disks of their own: the journal's is the data folder, from which links lead to the others."""
    folder.mkdir(parents=True)
    rules = write_rules(folder)
    with ExitStack() as mounted:
        disks = {part: mounted.enter_context(Disk(folder / part, size)) for part in PARTS}
        data = disks["journal"].folder / "data"
        data.mkdir()
        (disks["events"].folder / "events").mkdir()
        (data / "events").symlink_to(disks["events"].folder / "events")
        (data / "alerts.sqlite").symlink_to(disks["alerts"].folder / "alerts.sqlite")
        yield Placed(mounted.enter_context(Serving(folder, rules, data)), disks)


def full_disk(folder: Path, part: str, seed: int) -> Outcome:
    """Fill the disk of a part under load, and make room again: the service goes on by itself."""
    with placed(folder) as place:
        disk = place.disks[part]

        def starve() -> None:
            until = time.monotonic() + STARVED
            while time.monotonic() < until:
                disk.fill()
                time.sleep(0.1)

        return _through(place, part, seed, starve, disk.make_room)


def read_only_disk(folder: Path, part: str, seed: int) -> Outcome:
    """Make the disk of a part read-only under load, and writable again.

    Files that are held open keep a disk from being remounted, so there the calls are made to fail as if it were.
    """
    with placed(folder) as place, ExitStack() as failing:

        def starve() -> None:
            if part == "events":
                place.disks[part].remount("ro")
            else:
                failing.enter_context(_failing_calls(place, part, "EROFS"))
            time.sleep(STARVED)

        def recover() -> None:
            if part == "events":
                place.disks[part].remount("rw")
            failing.close()

        return _through(place, part, seed, starve, recover)


def broken_disk(folder: Path, part: str, seed: int) -> Outcome:
    """Syncs of a part fail for a while, as those of a failing disk do."""
    with placed(folder) as place, ExitStack() as failing:

        def starve() -> None:
            failing.enter_context(_failing_calls(place, part, "EIO", "fsync,fdatasync"))
            time.sleep(STARVED)

        return _through(place, part, seed, starve, failing.close)


WRITING = "pwrite64,write,fsync,fdatasync,ftruncate,unlink"


@contextmanager
def _failing_calls(place: Placed, part: str, error: str, calls: str = WRITING) -> Iterator[None]:
    """While the block runs calls that write to the database of a part fail."""
    if not has_strace():
        raise SkippedError("strace is not to be had, or may not trace")
    file = place.disks[part].folder / ("data/journal.sqlite" if part == "journal" else "alerts.sqlite")
    paths = [option for end in ("", "-wal", "-shm", "-journal") for option in ("-P", f"{file}{end}")]
    process = place.serving.process
    assert process is not None
    inject = ["-e", f"trace={calls}", "-e", f"inject={calls}:error={error}"]
    command = ["strace", "-f", "-qq", "-o", "/dev/null", *paths, *inject, "-p", str(process.pid)]
    tracer = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        tracer.terminate()
        tracer.wait()


def _through(place: Placed, part: str, seed: int, starve: Callable[[], None], recover: Callable[[], None]) -> Outcome:
    """Run under load, through a time in which a disk is bad, and to the end."""
    serving = place.serving
    serving.start(ROOMY)
    serving.wait_up()
    with Load(serving.port, seed) as load:
        serving.wait_for(lambda: load.acknowledged > 300, "events are acknowledged")
        try:
            starve()
            if serving.has_ended():
                raise ServingError(f"the service ended: {serving.said()}")
            ready, refused = serving.status("/readyz"), load.answers(503) + load.answers(429)
        finally:
            recover()
        before = load.acknowledged
        serving.wait_for(lambda: load.acknowledged > before + 300, "it goes on taking events", 60)
        serving.wait_for(lambda: serving.status("/readyz") == 200, "it is ready again", 60)
        sent = load.finish()
        serving.stop()
    verdict = verdict_on(sent, serving.data, loaded(serving.rules))
    if part == "journal" and not refused:
        verdict.faults.append("no request was refused while the journal could not be written")
    if part != "journal" and ready != 503:
        verdict.faults.append(f"/readyz answered {ready} while the {part} could not be written")
    said = serving.log.read_text("utf-8", "replace")
    if "Traceback" in said:
        verdict.faults.append(f"a traceback: {said[said.index('Traceback') :][:600]}")
    return Outcome(f"{refused} requests refused, readiness {ready}", verdict)


def nearly_full_disk(folder: Path, seed: int) -> Outcome:
    """Less room than is to stay free: requests are refused before anything fails, and taken once there is room."""
    with placed(folder, 600 << 20) as place:
        serving, disk = place.serving, place.disks["journal"]
        serving.start()
        serving.wait_up()
        with Load(serving.port, seed) as load:
            serving.wait_for(lambda: load.acknowledged > 300, "events are acknowledged")
            disk.fill(leave=500 << 20)
            serving.wait_for(lambda: load.answers(429) > 10, "requests are refused with 429", 30)
            time.sleep(0.5)
            before = load.acknowledged
            time.sleep(1)
            taken = load.acknowledged - before
            disk.make_room()
            serving.wait_for(lambda: load.acknowledged > before + 300, "it goes on taking events", 60)
            sent = load.finish()
            serving.stop()
        verdict = verdict_on(sent, serving.data, loaded(serving.rules))
        if taken:
            verdict.faults.append(f"{taken} documents were taken while the disk was nearly full")
        return Outcome(f"{sent.answers[429]} requests refused", verdict)


def read_only_start(folder: Path, seed: int) -> Outcome:
    """A disk that cannot be written when the service starts.

    It says so and ends, or it takes events and says that it is not ready; in that case it goes on by itself once the
    disk can be written.
    """
    outcome = Outcome("")
    told = []
    with placed(folder) as place:
        serving = place.serving
        serving.start(ROOMY)
        serving.wait_up()
        serving.stop()
        with Load(serving.port, seed) as load:
            for part in PARTS:
                told.append(f"{part}: {_started_read_only(place, part, load, outcome)}")
            if serving.process is None:
                serving.start(ROOMY)
                serving.wait_up()
            sent = load.finish()
            serving.stop()
        outcome.verdict.add(verdict_on(sent, serving.data, loaded(serving.rules)))
    outcome.told = "; ".join(told)
    return outcome


def _started_read_only(place: Placed, part: str, load: Load, outcome: Outcome) -> str:
    """Start with a read-only disk. What it did."""
    serving, disk, faults = place.serving, place.disks[part], outcome.verdict.faults
    disk.remount("ro")
    serving.start(ROOMY)
    serving.wait_up_or_end()
    if serving.has_ended():
        code = serving.process.returncode if serving.process else None
        said = serving.said().rpartition("--- start")[2]
        serving.process = None
        if code not in (1, 2, 3, 4) or "Traceback" in said or str(serving.data) not in said:
            faults.append(f"read-only {part}: exit code {code}, {said}")
        disk.remount("rw")
        return "refused to start"
    before = load.acknowledged
    try:
        serving.wait_for(lambda: serving.status("/readyz") == 503, f"it says it is not ready (read-only {part})", 20)
        disk.remount("rw")
        serving.wait_for(lambda: serving.status("/readyz") == 200, f"it is ready again (read-only {part})", 15)
        told = f"took {load.acknowledged - before} events, and went on when it could write"
    except ServingError as error:
        faults.append(str(error))
        disk.remount("rw")
        told = "took events, and did not go on"
    serving.kill()
    return told
