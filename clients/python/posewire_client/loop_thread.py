"""An event loop in a thread of its own, for callers that have none."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class LoopThread:
    """Runs coroutines for a thread that waits for each; begins at once, ends with `stop`."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        # A daemon, so that a program that forgets to stop it can still end.
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._until_stopped()), name="posewire-client", daemon=True
        )
        self._thread.start()
        self._ready.wait()

    def wait_for(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine in the loop; returns and raises what it does."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def stop(self) -> None:
        """Cancel what still runs, and end the thread."""
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    async def _until_stopped(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        self._ready.set()
        await self._stopped.wait()
