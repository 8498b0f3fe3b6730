"""A websocket client down to its bytes: it sends what no library would, and shows each frame.

It knows RFC 6455's framing (section 5.2) and nothing of what the frames mean to the service.
"""

import base64
import hashlib
import socket
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.patience import SOON_S

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

ANSWER_S = SOON_S
"""Longer than any answer takes; a test that waits so long has failed."""

_KEY = base64.b64encode(bytes(16)).decode()
_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_MASK = b"\x37\xfa\x21\x3d"


@dataclass(frozen=True)
class Frame:
    """One frame of the server's.

    Attributes:
        opcode: of its payload.
        payload: as it came.
        final: whether it ends its message.
    """

    opcode: int
    payload: bytes
    final: bool = True

    @property
    def closing(self) -> tuple[int | None, str]:
        """Code and reason of a close frame; no code where it carries none."""
        assert self.opcode == CLOSE
        code = int.from_bytes(self.payload[:2]) if self.payload else None
        return code, self.payload[2:].decode()


def frame(
    opcode: int, payload: bytes = b"", *, final: bool = True, reserved: int = 0, masked: bool = True
) -> bytes:
    """Returns a client's frame as bytes; opcode and reserved bits are what the test wants."""
    head = bytes([final << 7 | reserved << 4 | opcode])
    size, bit = len(payload), masked << 7
    if size < 126:
        head += bytes([bit | size])
    elif size < 1 << 16:
        head += bytes([bit | 126]) + size.to_bytes(2)
    else:
        head += bytes([bit | 127]) + size.to_bytes(8)
    if not masked:
        return head + payload
    key = (_MASK * (size // 4 + 1))[:size]
    mixed = int.from_bytes(payload) ^ int.from_bytes(key)
    return head + _MASK + mixed.to_bytes(size)


def fragments(opcode: int, *payloads: bytes) -> list[bytes]:
    """Returns one message as frames, a fragment each."""
    last = len(payloads) - 1
    return [
        frame(CONTINUATION if place else opcode, payload, final=place == last)
        for place, payload in enumerate(payloads)
    ]


def close(code: int | None = 1000, reason: bytes = b"") -> bytes:
    """Returns a close frame."""
    return frame(CLOSE, b"" if code is None else code.to_bytes(2) + reason)


def pieces(data: bytes, size: int) -> list[bytes]:
    """Cuts bytes into pieces of a size; the last may be shorter."""
    return [data[place : place + size] for place in range(0, len(data), size)]


class RawSocket:
    """One connection, from the handshake on.

    Args:
        url: the address of a stream, ws://….
    """

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        assert address.hostname
        assert address.port
        self._socket = socket.create_connection((address.hostname, address.port), ANSWER_S)
        # What is sent in pieces is to come in pieces.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = self._socket.makefile("rb")
        self._shake_hands(address.netloc, address.path)

    def _shake_hands(self, host: str, path: str) -> None:
        request = (
            f"GET {path} HTTP/1.1",
            f"Host: {host}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {_KEY}",
        )
        self._socket.sendall("".join(f"{line}\r\n" for line in (*request, "")).encode())
        status, *headers = iter(self._reader.readline, b"\r\n")
        assert status.startswith(b"HTTP/1.1 101 "), status
        said = dict(header.strip().lower().split(b": ", 1) for header in headers)
        accepted = base64.b64encode(hashlib.sha1((_KEY + _MAGIC).encode()).digest())
        assert said[b"sec-websocket-accept"] == accepted.lower()
        assert b"sec-websocket-extensions" not in said

    def send(self, *parts: bytes) -> None:
        """Sends bytes, each argument in a segment of its own as far as a sender can say that."""
        for part in parts:
            self._socket.sendall(part)

    def receive(self) -> Frame:
        """Returns the next frame.

        Raises:
            EOFError: the server has closed instead.
        """
        head = self._read(2)
        assert not head[1] & 0x80, "a server masks nothing"
        assert not head[0] & 0x70, "no extension was agreed on"
        size = head[1]
        if size == 126:
            size = int.from_bytes(self._read(2))
        elif size == 127:
            size = int.from_bytes(self._read(8))
        return Frame(head[0] & 0xF, self._read(size), bool(head[0] & 0x80))

    def until_close(self) -> list[Frame]:
        """Returns what comes up to the close frame, which is the last."""
        frames = [self.receive()]
        while frames[-1].opcode != CLOSE:
            frames.append(self.receive())
        return frames

    def at_end(self) -> bool:
        """Waits for the server to say more, and returns whether it closed instead."""
        return self._reader.read(1) == b""

    def is_quiet(self, seconds: float) -> bool:
        """Returns whether nothing comes for so long."""
        self._socket.settimeout(seconds)
        try:
            return not self._socket.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            return True
        finally:
            self._socket.settimeout(ANSWER_S)

    def _read(self, size: int) -> bytes:
        data = self._reader.read(size)
        if len(data) < size:
            raise EOFError(f"the server closed after {len(data)} of {size} bytes")
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._reader.close()
        self._socket.close()
