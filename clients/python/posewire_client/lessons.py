"""Lessons that the server has not answered yet, each with whoever waits for its answer.

It knows no socket. The server answers lessons in their order, so that the oldest is meant.
"""

import asyncio
from collections import deque

from posewire_client.errors import LessonError, PosewireError
from posewire_client.messages import ErrorMessage, Message, Taught

_REFUSALS = frozenset(
    {
        "bad-example",
        "bad-label",
        "bad-span",
        "not-saved",
        "not-taught",
        "too-many-actions",
        "too-many-examples",
    }
)
"""Codes of errors that speak of a lesson and of nothing else."""


class Lessons:
    """Futures, in the order of what they stand for; of one event loop."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[Taught]] = deque()

    def expect(self) -> asyncio.Future[Taught]:
        """Give what the answer to the lesson that is sent next will be."""
        answer: asyncio.Future[Taught] = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        return answer

    def take(self, message: Message) -> bool:
        """Hand an answer to whoever waits for it; False if the message is none."""
        if not self._waiting:
            return False
        if isinstance(message, Taught):
            self._answer(message)
            return True
        if isinstance(message, ErrorMessage) and message.code in _REFUSALS:
            self._answer(LessonError(f"{message.message} ({message.code})"))
            return True
        return False

    def lose(self, reason: PosewireError) -> None:
        """Tell all who wait that no answer will come."""
        while self._waiting:
            self._answer(reason)

    def _answer(self, answer: Taught | PosewireError) -> None:
        waiting = self._waiting.popleft()
        # Whoever does not wait any more keeps the place, so that the answers still fit.
        if waiting.done():
            return
        if isinstance(answer, Taught):
            waiting.set_result(answer)
        else:
            waiting.set_exception(answer)
