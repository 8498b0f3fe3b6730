"""The arguments of `posewire-stream`, with what is wrong with one said in a line."""

import argparse
import contextlib
import math
from pathlib import Path
from typing import NoReturn

PROGRAM = "posewire-stream"
TOKEN_VARIABLE = "POSEWIRE_TOKEN"
EXIT_BAD_INPUT = 2

LARGEST = 2**31 - 1
"""What a clock can wait for in seconds, and OpenCV, MediaPipe and both encodings can hold."""


def parser() -> argparse.ArgumentParser:
    """Give the command's parser."""
    arguments = Parser(
        prog=PROGRAM,
        description="Stream a recording, a camera or a video to a posewire server and print its "
        "labels as they come.",
        epilog=f"{PROGRAM} top shows what a server does; {PROGRAM} top --help says more. A "
        "recording of that name is ./top.",
    )
    arguments.add_argument(
        "source",
        metavar="SOURCE",
        help="a recording (JSON Lines: a hello, then the poses as sent), the number of a camera, "
        "a video file by its suffix, or an address such as rtsp://…",
    )
    add_url(arguments)
    _add_pace(arguments)
    arguments.add_argument(
        "--pose",
        type=Path,
        metavar="MODEL",
        help="find poses here with MediaPipe and this .task file, and send keypoints "
        "(default: send the pictures)",
    )
    arguments.add_argument(
        "--people",
        type=positive_int,
        default=1,
        help="the most people to look for in a picture, here or at the server "
        "(default: %(default)s)",
    )
    arguments.add_argument(
        "--taught",
        metavar="NAME",
        help="know the actions of this saved set, too (default: as recorded, else none)",
    )
    arguments.add_argument(
        "--json",
        action="store_true",
        help="print every message as a line of JSON, a summary last (default: lines for people)",
    )
    arguments.add_argument(
        "--top-k",
        type=positive_int,
        metavar="LABELS",
        help="how many labels to list a person (default: as recorded, else the server's choice)",
    )
    arguments.add_argument(
        "--encoding",
        choices=["msgpack", "json"],
        default="msgpack",
        help="of the stream, both ways; pictures need msgpack (default: %(default)s)",
    )
    arguments.add_argument(
        "--token", help=f"admits you to the server (default: the variable {TOKEN_VARIABLE}, if set)"
    )
    return arguments


def add_url(arguments: argparse.ArgumentParser) -> None:
    """Add the address of the server."""
    arguments.add_argument(
        "--url",
        default="ws://127.0.0.1:8000/v1/stream",
        help="the server's stream (default: %(default)s)",
    )


def _add_pace(arguments: argparse.ArgumentParser) -> None:
    pace = arguments.add_mutually_exclusive_group()
    pace.add_argument(
        "--speed",
        type=positive_float,
        default=1.0,
        metavar="TIMES",
        help="play a file this many times as fast as it was recorded (default: %(default)s)",
    )
    pace.add_argument(
        "--fast",
        action="store_true",
        help="play as fast as labels come back, dropping no frame (default: in recorded time)",
    )
    arguments.add_argument(
        "--loop",
        action="store_true",
        help="begin a recording again at the end, until Ctrl-C (default: once)",
    )


class Parser(argparse.ArgumentParser):
    """Says what is wrong with an argument in one line; `--help` says the rest."""

    def error(self, message: str) -> NoReturn:
        """End the command after one line."""
        self.exit(EXIT_BAD_INPUT, f"{self.prog}: {message}; see {self.prog} --help\n")


def positive_float(text: str) -> float:
    """Read a number above 0, up to `LARGEST`.

    Raises:
        ArgumentTypeError: It is none.
    """
    with contextlib.suppress(ValueError):
        if math.isfinite(number := float(text)) and number > 0:
            _check_not_too_large(number, text)
            return number
    raise argparse.ArgumentTypeError(f"expected a number above 0, got {text}")


def positive_int(text: str) -> int:
    """Read a whole number above 0, up to `LARGEST`.

    Raises:
        ArgumentTypeError: It is none.
    """
    with contextlib.suppress(ValueError):
        if (number := int(text)) > 0:
            _check_not_too_large(number, text)
            return number
    raise argparse.ArgumentTypeError(f"expected a whole number above 0, got {text}")


def _check_not_too_large(number: float, text: str) -> None:
    if number > LARGEST:
        raise argparse.ArgumentTypeError(f"expected {LARGEST} at most, got {text}")
