"""`posewire-stream`: streams a recording or a camera to a server and prints labels as they come.

`posewire-stream top` shows what a server does instead.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Literal

import msgspec

from posewire_client import top
from posewire_client.arguments import EXIT_BAD_INPUT, PROGRAM, TOKEN_VARIABLE, parser
from posewire_client.async_client import AsyncClient
from posewire_client.camera import Camera, is_camera
from posewire_client.console import Console
from posewire_client.counts import Counts
from posewire_client.errors import CameraError, PosewireError
from posewire_client.lines import Summary
from posewire_client.messages import IMAGES, PROTOCOL_VERSION, Hello, Message, Options
from posewire_client.playback import play, play_camera
from posewire_client.pose_finder import LAYOUT, PoseFinder
from posewire_client.recording import Recording

EXIT_NO_LABEL = 1
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141

Ending = Literal["complete", "interrupted", "failed"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0 at the end of the source or of `top`, 1 where no frame of a source got a label; 2 after
        one sentence on stderr, for bad input or a server that cannot be reached or refuses; 130
        after Ctrl-C; 141 when nobody reads on.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        if given[:1] == [top.NAME]:
            return top.run(given[1:])
        settings = parser().parse_args(given)
        stream = _stream_camera if is_camera(settings.source) else _stream_recording
        counts = asyncio.run(stream(settings))
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout once more on its way out, and would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    except PosewireError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    return EXIT_NO_LABEL if counts.frames_sent and not counts.labels_received else 0


async def _stream_recording(settings: argparse.Namespace) -> Counts:
    recording = Recording.open(settings.source)
    speed = None if settings.fast else settings.speed
    async with _Shown(recording.hello, settings, lambda: recording.fraction_read) as (client, show):
        await play(client, recording, show, speed=speed, loop=settings.loop)
    return client.counts


async def _stream_camera(settings: argparse.Namespace) -> Counts:
    if settings.loop:
        raise CameraError("--loop begins a recording again; a camera and a video play once")
    if settings.encoding == "json" and settings.pose is None:
        raise CameraError("pictures are sent in MessagePack; leave --encoding json out")
    with ExitStack() as opened:
        camera = opened.enter_context(Camera(settings.source))
        finder = None
        if settings.pose is not None:
            finder = PoseFinder(settings.pose, settings.people)
            opened.callback(finder.close)
        hello = Hello(
            version=PROTOCOL_VERSION,
            layout=IMAGES if finder is None else LAYOUT,
            coordinates="pixels",
            size=camera.size,
        )
        speed = None if settings.fast else settings.speed
        async with _Shown(hello, settings, lambda: camera.fraction_read) as (client, show):
            await play_camera(client, camera, show, finder=finder, speed=speed)
        return client.counts


class _Shown:
    """A connected client whose messages are printed, and summed up when it has ended.

    Args:
        hello: What is streamed.
        settings: The command line.
        fraction_read: How far the source is, 0 to 1.
    """

    def __init__(
        self, hello: Hello, settings: argparse.Namespace, fraction_read: Callable[[], float]
    ) -> None:
        self._client = AsyncClient(
            settings.url, _asked(hello, settings), encoding=settings.encoding
        )
        self._console = Console(sys.stdout, sys.stderr, as_json=settings.json)
        self._fraction_read = fraction_read
        self._always_sums_up = settings.json
        self._started_s = time.monotonic()

    async def __aenter__(self) -> tuple[AsyncClient, Callable[[Message], None]]:
        try:
            await self._client.__aenter__()
        except BaseException:
            self._finish("failed")
            raise
        return self._client, self._show

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: object
    ) -> None:
        await self._client.__aexit__(kind, error, None)
        interrupted = isinstance(error, asyncio.CancelledError)
        self._finish("interrupted" if interrupted else "failed" if error else "complete")

    def _show(self, message: Message) -> None:
        self._console.show(message)
        self._console.progress(self._fraction_read(), self._client.counts)

    def _finish(self, ended: Ending) -> None:
        # Who mistyped an address needs the one sentence that follows, not a row of noughts.
        counts = self._client.counts
        if self._always_sums_up or counts.frames_sent:
            summary = Summary(
                frames_sent=counts.frames_sent,
                labels_received=counts.labels_received,
                dropped=counts.dropped,
                errors=counts.errors,
                reconnects=counts.reconnects,
                seconds=round(time.monotonic() - self._started_s, 3),
                ended=ended,
            )
            self._console.finish(summary)


def _asked(hello: Hello, settings: argparse.Namespace) -> Hello:
    """Give the source's own hello, with what the command line asks for in its place."""
    options = hello.options or Options()
    if settings.fast:
        # A cap on the rate is for live streams; here it would only slow the file down.
        options = msgspec.structs.replace(options, drop="never", rate_limit_hz=None)
    if settings.top_k is not None:
        options = msgspec.structs.replace(options, top_k=settings.top_k)
    if hello.layout == IMAGES:
        options = msgspec.structs.replace(options, people=settings.people)
    return msgspec.structs.replace(
        hello,
        options=options,
        token=settings.token or os.environ.get(TOKEN_VARIABLE) or hello.token,
        taught=settings.taught or hello.taught,
        # A recorded token is that of somebody else's session.
        resume=None,
    )


if __name__ == "__main__":
    sys.exit(main())
