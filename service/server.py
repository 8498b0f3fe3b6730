"""The server: uvicorn with the limits that this service needs, on a port known to be free."""

import socket

import uvicorn
from fastapi import FastAPI

from service.connection import Connection
from service.settings import Settings

WEBSOCKET_BYTES = 16 << 20
"""The server library's own limit; it stands above the service's, so that most offenders get the
sentence that says what is too large."""

GRACE_S = 5
"""How long open connections have to end once the server is told to stop."""


def bind(settings: Settings) -> socket.socket:
    """Takes the port.

    Raises:
        ValueError: the address cannot be listened on; the message is one sentence.
    """
    address = f"{settings.host}:{settings.port}"
    try:
        info = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, target = info[0]
        taken = socket.socket(family, kind, protocol)
        try:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(target)
            taken.listen(2048)
        except OSError:
            taken.close()
            raise
    except OSError as error:
        raise ValueError(f"cannot listen on {address}: {error.strerror or error}") from None
    except UnicodeError:
        raise ValueError(f"cannot listen on {address}: that is no name of a host") from None
    return taken


def address_of(taken: socket.socket) -> str:
    """Returns host:port as a client on this machine writes it."""
    host, port = taken.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def server(app: FastAPI) -> uvicorn.Server:
    """Returns the server of an application, not started; stopped, it gives `GRACE_S` to end."""
    config = uvicorn.Config(
        app,
        ws=Connection,
        ws_max_size=WEBSOCKET_BYTES,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=GRACE_S,
        log_level="warning",
    )
    return uvicorn.Server(config)


def serve(app: FastAPI, taken: socket.socket) -> None:
    """Serves until SIGINT or SIGTERM."""
    server(app).run(sockets=[taken])
