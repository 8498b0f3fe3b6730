"""The body of a request: read whole, up to a size and within a time, or refused with a sentence."""

import asyncio

from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect

LARGEST_BYTES = 1 << 30
"""What the framework lets through where `whole_body` reads, whose own limit has a sentence."""

BAD = 400
TOO_SLOW = 408
BUSY = 503
TOO_LARGE = 413


async def whole_body(request: Request, most_bytes: int, within_s: float) -> bytes:
    """Returns the body of a request.

    Args:
        request: whose body nobody has read.
        most_bytes: that it may have.
        within_s: how long its client may take to send it, in all.

    Raises:
        HTTPException: it is larger, takes longer, or its client goes before it is whole.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(within_s):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most_bytes:
                    raise HTTPException(
                        TOO_LARGE, f"a body is at most {most_bytes} bytes, this one has more"
                    )
    except TimeoutError:
        raise HTTPException(TOO_SLOW, f"a body comes within {within_s:g} s") from None
    except ClientDisconnect:
        raise HTTPException(BAD, "the client went before its body was whole") from None
    return bytes(body)
