"""The HTTP connection: uvicorn's, which waits for a request, and for its reader, only for so long.

Without that whoever connects and sends nothing, or a byte now and then, or reads no answer, would
hold a file of the process for ever, and be counted nowhere.
"""

from asyncio import BaseTransport, TimerHandle
from typing import Self

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class HttpConnection(HttpToolsProtocol):
    """One client's connection; the head of each request comes within `timeout_keep_alive`.

    Attributes:
        body_s: from a head to the end of its body.
        send_s: how long a client may read nothing of an answer.
    """

    body_s: float
    send_s: float
    _patience: TimerHandle | None = None
    _unread: TimerHandle | None = None

    @classmethod
    def within(cls, body_s: float, send_s: float) -> type[Self]:
        """Returns the class with other limits, for uvicorn makes its connections itself."""
        return type(cls.__name__, (cls,), {"body_s": body_s, "send_s": send_s})

    def connection_made(self, transport: BaseTransport) -> None:
        """Begins to wait for the first request."""
        super().connection_made(transport)  # type: ignore[arg-type]  # narrower in uvicorn
        self._be_patient(self.timeout_keep_alive)

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits for nothing any more."""
        self._request_came()
        self._client_read()
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        """Takes a request, or hands the connection to a websocket."""
        self._request_came()
        super().on_headers_complete()
        if not self.parser.should_upgrade():
            self._be_patient(self.body_s)

    def on_message_complete(self) -> None:
        """Has the whole of a request."""
        self._request_came()
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Begins to wait for the client to read."""
        super().pause_writing()
        self._unread = self.loop.call_later(self.send_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Goes on where it reads."""
        self._client_read()
        super().resume_writing()

    def on_response_complete(self) -> None:
        """Begins to wait for the next request."""
        super().on_response_complete()
        # Where requests came together, the next one is being answered.
        if self.cycle.response_complete and not self.transport.is_closing():
            self._be_patient(self.timeout_keep_alive)

    def _be_patient(self, seconds: float) -> None:
        self._request_came()
        self._patience = self.loop.call_later(seconds, self.transport.close)

    def _client_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _request_came(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
