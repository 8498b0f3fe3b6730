"""The server: uvicorn with the limits that this service needs, on a port known to be free.

Where it is told to stop it first lets its sessions end, while it still says that it does so.
"""

import asyncio
import ipaddress
import math
import socket
import ssl
from types import FrameType

import uvicorn
from fastapi import FastAPI

from service.connection import Connection
from service.http_connection import HttpConnection
from service.settings import PREFIX, Settings
from service.shared import Shared

WEBSOCKET_BYTES = 16 << 20
"""The server library's own limit; it stands above the service's, so that most offenders get the
sentence that says what is too large."""

GRACE_S = 5
"""How long connections that are still open after `drain_s` have to end."""

TICK_S = 0.05
"""How often it is looked whether all sessions have ended."""


class Server(uvicorn.Server):
    """A server that drains before it stops.

    Args:
        config: uvicorn's.
        shared: what its sessions share.
    """

    def __init__(self, config: uvicorn.Config, shared: Shared) -> None:
        super().__init__(config)
        self.shared = shared

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begins to stop; on a second signal, stops at once."""
        self.shared.admission.open = False
        self.force_exit = self.should_exit
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Asks sessions to end and waits for them; whoever connects meanwhile is told so."""
        admission = self.shared.admission
        admission.empty()
        for _ in range(round(self.shared.settings.drain_s / TICK_S)):
            if self.force_exit or not admission.inside:
                break
            await asyncio.sleep(TICK_S)
        if self.force_exit:
            for connection in list(self.server_state.connections):
                connection.transport.abort()
        await super().shutdown(sockets)
        if self.force_exit:
            # uvicorn leaves this out, and then complains of what it left.
            await self.lifespan.shutdown()


def bind(settings: Settings) -> socket.socket:
    """Takes the port.

    Raises:
        ValueError: the address cannot be listened on, or others would reach it without a token;
            the message is one sentence.
    """
    address = f"{settings.host}:{settings.port}"
    try:
        info = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, target = info[0]
        _check_exposed(settings, str(target[0]))
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


def _check_exposed(settings: Settings, address: str) -> None:
    """Refuses to let other machines in without a token, unless that was asked for."""
    if settings.tokens or settings.insecure or ipaddress.ip_address(address).is_loopback:
        return
    raise ValueError(
        f"{settings.host} is reached by other machines, and anybody on them could stream: name a "
        f"file of tokens in {PREFIX}TOKENS, or set {PREFIX}INSECURE=true"
    )


def address_of(taken: socket.socket) -> str:
    """Returns host:port as a client on this machine writes it."""
    host, port = taken.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def server(app: FastAPI, settings: Settings) -> Server:
    """Returns the server of an application of `service.app`, not started.

    Raises:
        ValueError: the certificate or its key cannot be used; the message is one sentence.
    """
    config = uvicorn.Config(
        app,
        # Routes that read a body say so after `idle_s`; none is waited for much longer.
        http=HttpConnection.within(settings.idle_s + 1, settings.send_s),
        ws=Connection,
        ws_max_size=WEBSOCKET_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=settings.ping_s,
        ws_ping_timeout=settings.ping_s,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
        # Whole seconds, at least one: what it takes.
        timeout_keep_alive=math.ceil(settings.hello_s),
        timeout_graceful_shutdown=GRACE_S,
        log_config=None,
        access_log=False,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise ValueError(
            f"{settings.tls_certificate} and {settings.tls_key} are no certificate and its key: "
            f"{error.strerror or error}"
        ) from None
    return Server(config, app.state.shared)
