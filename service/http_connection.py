"""The HTTP connection: uvicorn's, which waits for the head of a request only for so long.

Without that whoever connects and sends nothing, or a byte now and then, would hold a file of the
process for ever, and be counted nowhere.
"""

from asyncio import BaseTransport, TimerHandle

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class HttpConnection(HttpToolsProtocol):
    """One client's connection; the head of each request comes within `timeout_keep_alive`."""

    _patience: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Begins to wait for the first request."""
        super().connection_made(transport)  # type: ignore[arg-type]  # narrower in uvicorn
        self._be_patient()

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits for nothing any more."""
        self._request_came()
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        """Takes a request, or hands the connection to a websocket."""
        self._request_came()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Begins to wait for the next request."""
        super().on_response_complete()
        # Where requests came together, the next one is being answered.
        if self.cycle.response_complete and not self.transport.is_closing():
            self._be_patient()

    def _be_patient(self) -> None:
        self._request_came()
        self._patience = self.loop.call_later(self.timeout_keep_alive, self.transport.close)

    def _request_came(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
