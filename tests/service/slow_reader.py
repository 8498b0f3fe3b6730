"""A client that sends as ever and reads only when it is asked to, behind buffers that fill soon."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

from websockets.asyncio.client import connect

from tests.service.artifacts import KINECT
from tests.service.bodies import body, pose
from tests.service.wire import Wire

CROWD = 32
"""People of a message, so that an answer is large and buffers are soon full."""


@contextlib.asynccontextmanager
async def narrow(url: str) -> AsyncIterator[Wire]:
    """A client behind small buffers, that reads only when it is asked to."""
    host, port = url.split("/")[2].split(":")
    thin = socket.socket()
    thin.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    thin.connect((host, int(port)))
    thin.setblocking(False)
    async with connect(url, sock=thin, max_queue=1, ping_interval=None) as client:
        yield Wire(client, binary=True)


async def flood(client: Wire, frames: int) -> None:
    """Sends frames of a crowd, a little apart so that the server, too, has its turns."""
    for frame in range(frames):
        await client.send(pose(frame, *[body(KINECT)] * CROWD))
        await asyncio.sleep(0.002)
