"""`posewire-stream`: plays a recording to a server and prints labels as they come."""

import argparse
import asyncio
import contextlib
import math
import os
import sys
import time
from collections.abc import Sequence
from typing import Literal, NoReturn

import msgspec

from posewire_client.async_client import AsyncClient
from posewire_client.console import Console
from posewire_client.counts import Counts
from posewire_client.errors import PosewireError
from posewire_client.lines import Summary
from posewire_client.messages import Hello, Message, Options
from posewire_client.playback import play
from posewire_client.recording import Recording

PROGRAM = "posewire-stream"
TOKEN_VARIABLE = "POSEWIRE_TOKEN"

EXIT_NO_LABEL = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0 at the end of the recording, 1 where none of its frames got a label; 2 after one
        sentence on stderr, for bad input or a server that cannot be reached or refuses; 130 after
        Ctrl-C; 141 when nobody reads on.
    """
    settings = _parser().parse_args(arguments)
    try:
        counts = asyncio.run(_stream(settings))
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


async def _stream(settings: argparse.Namespace) -> Counts:
    recording = Recording.open(settings.recording)
    client = AsyncClient(
        settings.url, _hello(recording.hello, settings), encoding=settings.encoding
    )
    console = Console(sys.stdout, sys.stderr, as_json=settings.json)

    def show(message: Message) -> None:
        console.show(message)
        console.progress(recording.fraction_read, client.counts)

    started_s = time.monotonic()
    ended: Literal["complete", "interrupted", "failed"] = "failed"
    try:
        async with client:
            speed = None if settings.fast else settings.speed
            await play(client, recording, show, speed=speed, loop=settings.loop)
        ended = "complete"
    except asyncio.CancelledError:
        ended = "interrupted"
        raise
    finally:
        # Who mistyped an address needs the one sentence that follows, not a row of noughts.
        if settings.json or client.counts.frames_sent:
            console.finish(_summary(client.counts, time.monotonic() - started_s, ended))
    return client.counts


def _summary(
    counts: Counts, seconds: float, ended: Literal["complete", "interrupted", "failed"]
) -> Summary:
    return Summary(
        frames_sent=counts.frames_sent,
        labels_received=counts.labels_received,
        dropped=counts.dropped,
        errors=counts.errors,
        reconnects=counts.reconnects,
        seconds=round(seconds, 3),
        ended=ended,
    )


def _hello(recorded: Hello, settings: argparse.Namespace) -> Hello:
    """Give the recording's own hello, with what the command line asks for in its place."""
    options = recorded.options or Options()
    if settings.fast:
        # A cap on the rate is for live streams; here it would only slow the file down.
        options = msgspec.structs.replace(options, drop="never", rate_limit_hz=None)
    if settings.top_k is not None:
        options = msgspec.structs.replace(options, top_k=settings.top_k)
    token = settings.token or os.environ.get(TOKEN_VARIABLE) or recorded.token
    return msgspec.structs.replace(recorded, options=options, token=token)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=PROGRAM,
        description="Play a recording to a posewire server and print its labels as they come.",
    )
    parser.add_argument(
        "recording", metavar="RECORDING", help="JSON Lines: a hello, then the poses as sent"
    )
    parser.add_argument(
        "--url",
        default="ws://127.0.0.1:8000/v1/stream",
        help="the server's stream (default: %(default)s)",
    )
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument(
        "--speed",
        type=_positive_float,
        default=1.0,
        metavar="TIMES",
        help="play this many times as fast as it was recorded (default: %(default)s)",
    )
    pace.add_argument(
        "--fast",
        action="store_true",
        help="play as fast as labels come back, dropping no frame (default: in recorded time)",
    )
    parser.add_argument(
        "--loop", action="store_true", help="begin again at the end, until Ctrl-C (default: once)"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print every message as a line of JSON, a summary last (default: lines for people)",
    )
    parser.add_argument(
        "--top-k",
        type=_positive_int,
        metavar="LABELS",
        help="how many labels to list a person (default: as recorded, else the server's choice)",
    )
    parser.add_argument(
        "--encoding",
        choices=["msgpack", "json"],
        default="msgpack",
        help="of the stream, both ways (default: %(default)s)",
    )
    parser.add_argument(
        "--token", help=f"admits you to the server (default: the variable {TOKEN_VARIABLE}, if set)"
    )
    return parser


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with an argument in one line; `--help` says the rest."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_BAD_INPUT, f"{PROGRAM}: {message}; see {PROGRAM} --help\n")


def _positive_float(text: str) -> float:
    with contextlib.suppress(ValueError):
        if math.isfinite(number := float(text)) and number > 0:
            return number
    raise argparse.ArgumentTypeError(f"expected a number above 0, got {text}")


def _positive_int(text: str) -> int:
    with contextlib.suppress(ValueError):
        if (number := int(text)) > 0:
            return number
    raise argparse.ArgumentTypeError(f"expected a whole number above 0, got {text}")


if __name__ == "__main__":
    sys.exit(main())
