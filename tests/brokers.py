"""Brokers for tests, on the loopback address: a NATS server and a Kafka broker, where they are installed.

Kafka's is put together from its published jars: `make brokers` fetches them with Maven. It takes seconds to start, so
it is not stopped itself: the way to it is cut. Both end with their block.
"""

import base64
import os
import shutil
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
KAFKA = "BESRA_TEST_KAFKA"
"""The variable that names the folder of Kafka's jars, where it is another than that of `make brokers`."""
JARS = ROOT / ".brokers" / "kafka"
PATIENCE = 60
"""Seconds until a server that does not come up is given up; it takes one to four."""


class NoBrokerError(Exception):
    """There is no broker to test with; the text says why."""


@dataclass
class Broker:
    """A server that can be stopped, killed and started again over the same data."""

    command: list[str | Path]
    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it listens. Raises NoBrokerError."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command, cwd=self.folder, stdout=log, stderr=log)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        self.stop()
        raise NoBrokerError(
            f"{self.command[0]} does not come up: {(self.folder / 'log').read_text('utf-8', 'replace')}"
        )

    def stop(self) -> None:
        """Take it away at once."""
        if self.process:
            self.process.kill()
            self.process.wait()


class Way:
    """The way to a server that runs, through a port of its own; `stop` cuts it, `start` opens it again."""

    def __init__(self, target: Broker) -> None:
        self.port = free_port()
        self.target = target
        self._sockets: list[socket.socket] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Let connections through."""
        door = socket.create_server(("127.0.0.1", self.port))
        self._sockets = [door]
        threading.Thread(target=self._accept, args=(door,), daemon=True).start()

    def stop(self) -> None:
        """Cut all connections, and take no more."""
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self, door: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = door.accept()
                far = socket.create_connection(("127.0.0.1", self.target.port))
                self._sockets += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    @staticmethod
    def _carry(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(1 << 16):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def nats_server(folder: Path) -> Iterator[Broker]:
    """A NATS server with JetStream. Raises NoBrokerError."""
    program = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin:/usr/local/sbin")
    if not program:
        raise NoBrokerError("no nats-server; Debian has it as nats-server")
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    broker = Broker([program, "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", folder / "data"], folder, port)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


@contextmanager
def kafka_broker(folder: Path) -> Iterator[Way]:
    """The way to a Kafka broker of one node. Raises NoBrokerError."""
    jars = Path(os.environ.get(KAFKA) or JARS)
    java = shutil.which("java")
    if not any(jars.glob("kafka_*.jar")):
        raise NoBrokerError(f"no jars of Kafka in {jars}: `make brokers` fetches them, where Maven can; or set {KAFKA}")
    if not java:
        raise NoBrokerError("no java")
    folder.mkdir(parents=True, exist_ok=True)
    port, controller = free_port(), free_port()
    settings = folder / "server.properties"
    broker = Broker([], folder, port)
    way = Way(broker)
    told = _kafka_settings(folder, port, controller, way.port)
    settings.write_text("".join(f"{name}={value}\n" for name, value in told.items()), "utf-8")
    # Compiling little and late: it lives for seconds.
    run: list[str | Path] = [java, "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{jars}/*"]
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    made = subprocess.run(
        [*run, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", settings],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    if made.returncode:
        raise NoBrokerError(f"Kafka: {made.stdout}{made.stderr}")
    broker.command = [*run, "kafka.Kafka", settings]
    broker.start()
    try:
        way.start()
        yield way
    finally:
        way.stop()
        broker.stop()


def _kafka_settings(folder: Path, port: int, controller: int, shown: int) -> dict[str, object]:
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{shown}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": folder / "data",
        "num.partitions": 3,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
        # Of members that were killed the group hears nothing: soon enough for a test.
        "group.min.session.timeout.ms": 1000,
        "log.flush.interval.messages": 1,
    }
