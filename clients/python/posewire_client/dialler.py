"""Opens the link to the server: the first time, and again after each loss.

It waits between attempts and says so; it does not know what travels over the link.
"""

import asyncio
from collections.abc import Callable

import msgspec

from posewire_client.codec import Codec
from posewire_client.errors import UnreachableError
from posewire_client.link import Link
from posewire_client.messages import Hello, Reconnecting, Welcome
from posewire_client.reconnect import LostError, Reconnect


class Dialler:
    """Attempts at one address.

    Args:
        url: Of the stream.
        hello: Said on each link; after the first with the token of the session before.
        codec: Of the stream.
        reconnect: How often to try, and how far apart.
        say: Told before each new attempt.
    """

    def __init__(
        self,
        url: str,
        hello: Hello,
        codec: Codec,
        reconnect: Reconnect,
        say: Callable[[Reconnecting], None],
    ) -> None:
        self._url = url
        self._hello = hello
        self._codec = codec
        self._reconnect = reconnect
        self._say = say
        self._delays_s = enumerate(reconnect.delays_s(), start=1)

    async def dial(self) -> tuple[Link, Welcome]:
        """Open the first link.

        A server that asks to be tried later is; where nobody answers, an immediate sentence
        helps more than a minute's patience with a mistyped address.

        Raises:
            UnreachableError: Nobody answers, or the server stayed full.
            RefusedError: The server will not have this stream.
        """
        try:
            return await self._open()
        except LostError as lost:
            if not lost.try_later:
                raise UnreachableError(
                    f"no posewire server answers at {self._url}: {lost.reason}"
                ) from lost
            return await self.redial(lost)

    async def redial(self, lost: LostError) -> tuple[Link, Welcome]:
        """Open a link in place of one that was lost.

        Raises:
            UnreachableError: All attempts were in vain.
            RefusedError: The server will not have this stream.
        """
        for attempt, delay_s in self._delays_s:
            self._say(Reconnecting(reason=lost.reason, attempt=attempt, delay_s=delay_s))
            await asyncio.sleep(delay_s)
            try:
                return await self._open()
            except LostError as again:
                lost = again
        raise UnreachableError(
            f"the stream to {self._url} is lost and {self._reconnect.attempts} attempts did not "
            f"bring it back: {lost.reason}"
        ) from lost

    def proved(self) -> None:
        """Start counting afresh: the link has done its work."""
        self._delays_s = enumerate(self._reconnect.delays_s(), start=1)

    async def _open(self) -> tuple[Link, Welcome]:
        link, welcome = await Link.open(self._url, self._hello, self._codec)
        # A token opens its session once; each welcome holds the next.
        self._hello = msgspec.structs.replace(self._hello, resume=welcome.resume)
        return link, welcome
