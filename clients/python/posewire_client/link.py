"""One websocket to the server, from `hello` and `welcome` to its close.

Tells what may pass (`LostError`) from what will not (`RefusedError`); never tries again itself.
"""

import asyncio
import ipaddress
import socket
from typing import Self
from urllib.parse import urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidStatus,
    InvalidURI,
    WebSocketException,
)
from websockets.frames import Close
from websockets.uri import parse_uri

from posewire_client.codec import Codec, Payload
from posewire_client.errors import AddressError, RefusedError
from posewire_client.messages import PROTOCOL_VERSION, ErrorMessage, Hello, Message, Welcome
from posewire_client.reconnect import (
    MOVED,
    NO_CLOSE_FRAME,
    NORMAL_CLOSURE,
    TRY_LATER_CODES,
    UNEXPLAINED_CODES,
    LostError,
    may_pass,
    status_may_pass,
    status_says_try_later,
)

OPEN_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 1.0
MAX_MESSAGE_BYTES = 16 * 2**20

_NO_CLOSE_FRAME = Close(NO_CLOSE_FRAME, "")


class Link:
    """An open websocket, after `hello` and `welcome`."""

    def __init__(self, websocket: ClientConnection, codec: Codec) -> None:
        self._websocket = websocket
        self._codec = codec
        self._fatal: ErrorMessage | None = None

    @classmethod
    async def open(cls, url: str, hello: Hello, codec: Codec) -> tuple[Self, Welcome]:
        """Connect, say `hello`, and wait for `welcome`.

        Raises:
            LostError: Nobody answers, or not now.
            RefusedError: The server will not have this stream.
        """
        link = cls(await _open_websocket(url), codec)
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                await link.send(codec.encode(hello))
                return link, await link._welcome()
        except TimeoutError as error:
            await link.close()
            raise LostError(f"no welcome within {OPEN_TIMEOUT_S:g} s") from error
        except BaseException:
            await link.close()
            raise

    async def send(self, payload: Payload) -> bool:
        """Send one message, waiting while the network is full; False if the link is lost."""
        try:
            await self._websocket.send(payload)
        except ConnectionClosed:
            return False
        return True

    async def close(self) -> None:
        """Close now, without waiting for pending labels."""
        await self._websocket.close()

    async def receive(self) -> Message | None:
        """Wait for the next message; None once the server has closed with 1000.

        Raises:
            LostError: The socket is gone, in a way that may pass.
            RefusedError: The server said why it will not go on, or made no sense.
        """
        while True:
            try:
                async with asyncio.timeout(CLOSE_TIMEOUT_S if self._fatal else None):
                    payload = await self._websocket.recv()
            except ConnectionClosed as closed:
                fault = self._fault(closed.rcvd or _NO_CLOSE_FRAME)
                if fault is None:
                    return None
                raise fault from closed
            except TimeoutError as error:
                # A fatal error was said, and the close that should follow did not come.
                raise self._refusal(_NO_CLOSE_FRAME) from error
            message = self._codec.decode(payload)
            if not (isinstance(message, ErrorMessage) and message.fatal):
                return message
            self._fatal = message

    async def _welcome(self) -> Welcome:
        while (message := await self.receive()) is not None:
            if isinstance(message, Welcome):
                if message.version != PROTOCOL_VERSION:
                    raise RefusedError(
                        f"the server speaks version {message.version} of the wire; "
                        f"this client speaks version {PROTOCOL_VERSION}"
                    )
                return message
        raise RefusedError("the server closed the stream before it said welcome")

    def _fault(self, close: Close) -> LostError | RefusedError | None:
        """Say what a close means; None where it is the normal end."""
        if close.code == NORMAL_CLOSURE and self._fatal is None:
            return None
        if self._fatal is not None and self._fatal.code == "timeout":
            return LostError("nothing was sent for too long", try_later=True)
        # The code decides; where there is none, a fatal error that came before does.
        if self._fatal is not None and close.code in UNEXPLAINED_CODES:
            return self._refusal(close)
        if not may_pass(close.code):
            return self._refusal(close)
        said = self._fatal.message if self._fatal else close.reason
        return LostError(_lost_reason(close.code, said), try_later=close.code in TRY_LATER_CODES)

    def _refusal(self, close: Close) -> RefusedError:
        if close.code == MOVED:
            return RefusedError(
                "the stream goes on in another connection, which has resumed its session "
                f"(closed with {MOVED})"
            )
        if self._fatal is None:
            said, code = close.reason, ""
        else:
            said, code = self._fatal.message, f"{self._fatal.code}, "
        return RefusedError(
            f"the server refused the stream: {said or 'it gave no reason'} "
            f"({code}closed with {close.code})"
        )


def check_address(url: str) -> None:
    """Refuse what is not the address of a websocket.

    Raises:
        AddressError: Says what was expected.
    """
    try:
        parse_uri(url)
    except (InvalidURI, ValueError) as error:
        raise AddressError(
            f"{url!r} is not the address of a posewire server; "
            "expected one like ws://127.0.0.1:8000/v1/stream"
        ) from error


def http_address(url: str, route: str) -> str:
    """Give the address of a page of the server that has its stream at `url`."""
    parts = urlsplit(url)
    scheme = {"ws": "http", "wss": "https"}[parts.scheme]
    path = parts.path.removesuffix("/v1/stream").rstrip("/") + route
    return urlunsplit((scheme, parts.netloc, path, "", ""))


async def _open_websocket(url: str) -> ClientConnection:
    try:
        return await connect(
            url,
            # Poses are small and frequent: compressing them costs more time than it saves.
            compression=None,
            proxy=None if is_this_machine(url) else True,
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            max_size=MAX_MESSAGE_BYTES,
        )
    except InvalidStatus as error:
        raise _answered_http(error.response.status_code) from error
    except InvalidURI as error:
        raise RefusedError(
            f"the server refused the stream: it redirects to {error.uri}, which is no websocket; "
            "is its address wss://…?"
        ) from error
    except (OSError, WebSocketException, ImportError) as error:
        raise LostError(_network_reason(error)) from error


def _answered_http(status: int) -> LostError | RefusedError:
    sentence = f"it answered HTTP {status} instead of opening a stream"
    if status_may_pass(status):
        return LostError(sentence, try_later=status_says_try_later(status))
    hint = {
        401: "a token is needed",
        403: "the path should be /v1/stream, or the token or the origin is not admitted",
        404: "the path should be /v1/stream",
    }.get(status, "this may not be a posewire server")
    return RefusedError(f"the server refused the stream: {sentence}: {hint}")


def is_this_machine(url: str) -> bool:
    """Whether an address is on this machine, so that a proxy could only be in the way."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _network_reason(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, socket.gaierror):
        return "unknown host"
    if isinstance(error, TimeoutError):
        return f"no answer within {OPEN_TIMEOUT_S:g} s"
    return str(error) or type(error).__name__


def _lost_reason(code: int, said: str) -> str:
    words = {1012: "the server restarts", 1013: "the server is full"}.get(code, "connection lost")
    return f"{words} (closed with {code}{': ' + said if said else ''})"
