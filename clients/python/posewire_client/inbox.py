"""Messages that have come and were not read yet, with an end that may be a failure."""

import asyncio
from collections import deque

from posewire_client.errors import PosewireError
from posewire_client.messages import Message


class Inbox:
    """A queue of one event loop.

    Args:
        limit: The most messages to hold, so that a live client that never reads does not grow;
            the oldest is thrown away then. None holds all of them.

    Attributes:
        ended: No more messages will come.
        failure: What ended the stream, where it was not a normal end.
    """

    def __init__(self, limit: int | None) -> None:
        self._messages: deque[Message] = deque(maxlen=limit)
        self._changed = asyncio.Event()
        self.ended = False
        self.failure: PosewireError | None = None

    def put(self, message: Message) -> bool:
        """Add a message; False if the oldest had to go for it."""
        fits = len(self._messages) != self._messages.maxlen
        self._messages.append(message)
        self._changed.set()
        return fits

    def end(self, failure: PosewireError | None) -> None:
        """Say that no more will come, and why if that is a failure."""
        self.ended = True
        self.failure = failure
        self._changed.set()

    async def get(self) -> Message | None:
        """Wait for the oldest message; None at the end.

        Raises:
            PosewireError: The failure that ended the stream, after all messages were read.
        """
        while not self._messages:
            if self.failure is not None:
                raise self.failure
            if self.ended:
                return None
            self._changed.clear()
            await self._changed.wait()
        return self._messages.popleft()

    def take_all(self) -> list[Message]:
        """Take what has come, without waiting."""
        messages = list(self._messages)
        self._messages.clear()
        return messages
