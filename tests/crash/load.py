"""The load of the crash tests: shippers of every manner, at once."""

import time
from contextlib import suppress
from random import Random

from tests.crash.shipper import Manner, Sent, Shipper
from tests.crash.stories import Teller, demo_stream


class Load:
    """Shippers that send to a port. `finish` waits until all they have begun is acknowledged."""

    def __init__(self, port: int, seed: int, pause: float = 0.3, *, tells_demo: bool = True) -> None:
        tellers = [Teller(f"t{seed}-{number}", Random(f"{seed} {number}")) for number in range(5)]
        tellers[0].given, tellers[1].given = tellers[1].elsewhere, tellers[0].elsewhere
        manners = (
            Manner(pause=pause),
            Manner(pause=pause, compresses=True),
            Manner(pause=pause, gives_up=0.3),
            Manner(pause=pause, action="index"),
            Manner(pause=pause, has_ids=False),
        )
        self._shippers = [
            Shipper(f"s{seed}-{number}", port, manner, teller, seed * 100 + number)
            for number, (manner, teller) in enumerate(zip(manners, tellers, strict=True))
        ]
        # Sent twice under other ids it would be what its rules look for in more ways than one.
        if tells_demo:
            self._shippers.append(Shipper(f"demo-{seed}", port, Manner(pause=pause * 4), demo_stream(), seed))

    def start(self) -> None:
        """Begin to send."""
        for shipper in self._shippers:
            shipper.start()

    @property
    def acknowledged(self) -> int:
        """How many documents are acknowledged so far."""
        return sum(len(shipper.sent.acknowledged) for shipper in self._shippers)

    def answers(self, status: int) -> int:
        """How many documents, or requests refused as a whole, have been answered so."""
        return sum(shipper.sent.answers[status] for shipper in self._shippers)

    def finish(self, patience: float = 120) -> Sent:
        """Let all shippers come to their end. What they know."""
        for shipper in self._shippers:
            shipper.finish()
        until = time.monotonic() + patience
        for shipper in self._shippers:
            shipper.join(max(until - time.monotonic(), 0))
            if shipper.is_alive():
                shipper.sent.faults.append(f"{shipper.name} was not done after {patience:.0f} s")
                shipper.give_up()
                shipper.join()
        sent = Sent()
        for shipper in self._shippers:
            sent.add(shipper.sent)
        return sent

    def __enter__(self) -> "Load":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        for shipper in self._shippers:
            shipper.give_up()
        for shipper in self._shippers:
            with suppress(RuntimeError):
                shipper.join(5)
