"""What runs in the service's process beside answering requests, as long as it does."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

Metric = tuple[str, str, int]
"""Kind, meaning and value, for Prometheus."""


class Background(Protocol):
    """Something that runs until told to stop, and then ends soon."""

    async def run(self) -> None:
        """Run until told to stop."""

    def stop(self) -> None:
        """Tell it to stop."""


def beside(tasks: Sequence[Background]) -> Callable[[object], AbstractAsyncContextManager[None]]:
    """The lifespan of an application beside which these run."""

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        running = [asyncio.create_task(task.run()) for task in tasks]
        yield
        for task in tasks:
            task.stop()
        await asyncio.gather(*running)

    return lifespan
