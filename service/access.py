"""Access: who may stream and who may change models, by token, and which pages a browser may show.

Knows headers and settings, no connection: what it refuses, it refuses before anything is made for
the client.
"""

import ipaddress
from urllib.parse import urlsplit

from service.protocol import NOT_ALLOWED, Refusal
from service.settings import PREFIX, Settings
from service.tokens import TokenFile

ANYBODY = "anybody"
"""Whose session it is where no tokens are asked for."""

_DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


class Access:
    """Who may do what.

    Args:
        settings: the files of tokens, and the origins.

    Raises:
        ValueError: a file of tokens cannot be read; the message is one sentence.
    """

    def __init__(self, settings: Settings) -> None:
        self._tokens = None if settings.tokens is None else TokenFile(settings.tokens)
        self._admins = None if settings.admin_tokens is None else TokenFile(settings.admin_tokens)
        self._origins = settings.origins
        self._host = settings.host

    @property
    def asks_for_token(self) -> bool:
        """Whether a client needs a token."""
        return self._tokens is not None

    def streamer(self, token: str | None) -> str:
        """Returns whose token this is.

        Raises:
            Refusal: tokens are asked for, and this is none.
        """
        if self._tokens is None:
            return ANYBODY
        if token is None:
            raise Refusal(
                "no-token",
                "a client gives its token in its hello, or as Authorization: Bearer",
                NOT_ALLOWED,
            )
        name = self._tokens.name_of(token)
        if name is None:
            raise Refusal("wrong-token", "this token is not valid", NOT_ALLOWED)
        return name

    def admin(self, token: str | None) -> str:
        """Returns whose admin token this is.

        Raises:
            Refusal: it is none, or there are none.
        """
        if self._admins is None:
            raise Refusal(
                "no-admin",
                f"nobody may change models here: {PREFIX}ADMIN_TOKENS names no file",
                NOT_ALLOWED,
            )
        name = None if token is None else self._admins.name_of(token)
        if name is None:
            raise Refusal(
                "wrong-token", "an admin token is given as Authorization: Bearer", NOT_ALLOWED
            )
        return name

    def check_origin(self, origin: str | None, host: str | None) -> None:
        """Refuses a page of another origin; what is no browser sends none, and passes.

        Args:
            origin: the header Origin.
            host: the header Host.

        Raises:
            Refusal: the page is neither this service's nor one of those allowed.
        """
        if origin is None or origin.lower() in self._origins:
            return
        own = _authority(f"{_scheme(origin)}://{host}")
        if own is None or _authority(origin) != own or not self._is_own(host):
            raise Refusal(
                "origin",
                f"pages of {origin[:60]} may not stream here; {PREFIX}ORIGINS lists those that may",
                NOT_ALLOWED,
            )

    def _is_own(self, host: str | None) -> bool:
        """Whether a name is surely this service's.

        Where no token is asked for it has to be an address or one that was configured: any page
        can have its own name point to this machine, and so be of one origin with the service.
        """
        if self.asks_for_token:
            return True
        name = urlsplit(f"//{host}").hostname or ""
        return name in ("localhost", self._host) or _is_address(name)


def bearer(authorization: str | None) -> str | None:
    """Returns the token of a header Authorization, None where it holds none."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _scheme(origin: str) -> str:
    return origin.partition("://")[0].lower()


def _authority(origin: str) -> tuple[str, int | None] | None:
    """Returns host and port, None where the origin has none or is no origin."""
    try:
        parts = urlsplit(origin)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    return None if parts.hostname is None else (parts.hostname, port)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
