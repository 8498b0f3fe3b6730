"""A small HTTP server in a thread, for whoever asks another machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread


class QuietHandler(BaseHTTPRequestHandler):
    """Answers as its subclass says, and logs nothing."""

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def serving(handler: type[QuietHandler]) -> Iterator[int]:
    """Yields the port on which the handler answers."""
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
