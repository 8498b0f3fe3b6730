"""Access over HTTP: what routes depend on where they ask for a token."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from service.access import Access
from service.protocol import Refusal

Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]
Check = Callable[[Request, Credentials], Awaitable[str]]

WITHOUT: dict[int | str, dict[str, Any]] = {
    401: {"description": "No valid token"},
    403: {"description": "Not allowed here"},
}
"""What a route that asks for a token may answer with, for its description."""


def streamers_only(access: Access) -> Check:
    """Returns a dependency: whose token of those who may stream a request carries."""
    return _dependency(access, access.streamer)


def admins_only(access: Access) -> Check:
    """Returns a dependency: whose admin token a request carries."""
    return _dependency(access, access.admin)


def _dependency(access: Access, whose: Callable[[str | None], str]) -> Check:
    async def check(request: Request, credentials: Credentials) -> str:
        headers = request.headers
        try:
            access.check_origin(headers.get("origin"), headers.get("host"))
            return whose(None if credentials is None else credentials.credentials)
        except Refusal as refusal:
            status = 401 if refusal.code in ("no-token", "wrong-token") else 403
            challenge = {"WWW-Authenticate": "Bearer"} if status == 401 else None
            raise HTTPException(status, str(refusal), challenge) from None

    return check
