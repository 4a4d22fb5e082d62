"""How far one file may expand: compressed streams and archives can hold far more than their size says.

The limits are for what nobody wants to wait for, not for large evidence. Logs shrink to a tenth or a twentieth of their
size, very repetitive ones to a two-hundredth, and twenty gigabytes of them are an ordinary day; a zip bomb holds
a million times its size, or itself.
"""

from dataclasses import dataclass

from besra.events.chunks import Damage

UNPACK = "if it is what it seems, unpack it yourself and scan the folder"


@dataclass(frozen=True, slots=True)
class ExpansionLimits:
    """What one file that the user has may expand to, with everything in it.

    `depth`: archives and compressions around one another; a `.gz` in a `.tar.xz` in a `.zip` makes four.
    `ratio`: bytes in the clear for a byte of the file, of no account before `free` bytes.
    `expanded`: bytes in the clear altogether.
    `members`: files in archives, of which lists are kept in memory.
    `spooled`: bytes in temporary files at a time, where a member has to be read by offset.
    `dictionary`: bytes a decompressor may need; `xz -9` needs 65 MiB, `zstd --ultra -22` 128 MiB.
    """

    depth: int = 8
    ratio: int = 500
    free: int = 256 * 2**20
    expanded: int = 2**40
    members: int = 100_000
    spooled: int = 64 * 2**30
    dictionary: int = 128 * 2**20


class Allowance:
    """What is left to one file of its limits. `stored` is the file's size, as far as it is known."""

    def __init__(self, limits: ExpansionLimits, stored: int = 0) -> None:
        self.limits = limits
        self.stored = stored
        self.spent: Damage | None = None
        """Set once a limit of the whole file is reached: nothing more of it is read."""
        self._expanded = 0
        self._members = 0
        self._spooled = 0

    def expand(self, count: int) -> Damage | None:
        """So many more bytes are in the clear; the limit they are beyond, if any."""
        self._expanded += count
        limits = self.limits
        if self._expanded > limits.expanded:
            self.spent = Damage(f"more than {size(limits.expanded)} come out of the file", UNPACK)
        elif self._expanded > max(limits.free, limits.ratio * self.stored):
            self.spent = Damage(f"more than {limits.ratio} times the size of the file come out of it", UNPACK)
        return self.spent

    def list_member(self) -> Damage | None:
        """One member more is listed; the limit it is beyond, if any. Those listed before are read."""
        self._members += 1
        return self.full

    @property
    def full(self) -> Damage | None:
        """Why no more members are listed."""
        if self._members <= self.limits.members:
            return None
        return Damage(f"the file holds more than {self.limits.members:,} others", UNPACK)

    def spool(self, count: int) -> Damage | None:
        """So many more bytes go to a temporary file; fewer, if negative: one is gone."""
        self._spooled += count
        if self._spooled > self.limits.spooled:
            what = f"more than {size(self.limits.spooled)} would go to temporary files"
            return Damage(what, UNPACK)
        return None


@dataclass(frozen=True, slots=True)
class Nesting:
    """Where in a file something stands: in so many archives and compressions, with what is left of its limits."""

    allowance: Allowance
    depth: int = 0

    @property
    def closed(self) -> Damage | None:
        """Why no archive is opened here, if none is."""
        return self.too_deep or self.allowance.full

    @property
    def too_deep(self) -> Damage | None:
        """Why nothing is opened here, if nothing is."""
        if self.depth < self.allowance.limits.depth:
            return None
        return Damage(f"it stands in {self.depth} archives and compressions", UNPACK)

    def deeper(self) -> "Nesting":
        """One archive or compression further in."""
        return Nesting(self.allowance, self.depth + 1)


def size(count: int) -> str:
    """Bytes as people write them: `256 MiB`."""
    for unit, factor in (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= factor and count % factor == 0:
            return f"{count // factor} {unit}"
    return f"{count:,} bytes"
