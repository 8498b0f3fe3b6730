"""A recording: JSON Lines, first a `hello`, then the messages as they were sent.

It is read a line at a time, however long it is. Each fault is named by its line.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Self, TypeVar

import msgspec

from posewire_client.errors import RecordingError
from posewire_client.messages import Bye, Hello, Whole

Decoded = TypeVar("Decoded")


class RecordedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """One person in one frame; `keypoints` are V rows of x, y, score or x, y, z, score."""

    keypoints: list[list[float]]
    id: Whole | None = None


class RecordedPose(msgspec.Struct, frozen=True, kw_only=True, tag="pose"):
    """One frame and its time on the recording's clock, in milliseconds."""

    t_ms: float
    people: list[RecordedPerson]


_HELLO = msgspec.json.Decoder(Hello)
_LINE = msgspec.json.Decoder(RecordedPose | Bye)


class Recording:
    """Iterates over the poses of a file, as often as asked.

    Args:
        path: The file.
        hello: Its first message.

    Attributes:
        hello: What the poses are.
        fraction_read: How far the latest iteration is, 0 to 1.
    """

    def __init__(self, path: Path, hello: Hello) -> None:
        self.hello = hello
        self.fraction_read = 0.0
        self._path = path

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open a recording and read its first line.

        Raises:
            RecordingError: There is no such file, it is empty, or does not begin with a hello.
        """
        place = Path(path)
        number, line = next(_lines(place), (0, b""))
        if not number:
            raise RecordingError(f"the recording {place} is empty; expected a hello, then poses")
        return cls(place, _decode(_HELLO, line, "a hello", place, number))

    def __iter__(self) -> Iterator[RecordedPose]:
        """Yield the poses up to the end of the file, or to a `bye`.

        Raises:
            RecordingError: A line is not JSON, not a pose, or goes back in time; or there is no
                pose at all.
        """
        size_bytes = max(1, self._path.stat().st_size)
        read_bytes = 0
        last_ms = float("-inf")
        for index, (number, line) in enumerate(_lines(self._path)):
            read_bytes += len(line)
            self.fraction_read = read_bytes / size_bytes
            if index == 0:
                continue
            message = _decode(_LINE, line, "a pose", self._path, number)
            if isinstance(message, Bye):
                break
            if message.t_ms < last_ms:
                raise RecordingError(
                    f"line {number} of {self._path} goes back in time, "
                    f"from {last_ms:g} ms to {message.t_ms:g} ms"
                )
            last_ms = message.t_ms
            yield message
        if last_ms == float("-inf"):
            raise RecordingError(f"the recording {self._path} holds no poses after its hello")


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the number, from 1, and the bytes of each line that is not blank."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line
    except FileNotFoundError as error:
        raise RecordingError(f"there is no recording {path}") from error
    except OSError as error:
        raise RecordingError(f"cannot read the recording {path}: {error.strerror}") from error


def _decode(
    decoder: msgspec.json.Decoder[Decoded], line: bytes, expected: str, path: Path, number: int
) -> Decoded:
    try:
        return decoder.decode(line)
    except msgspec.ValidationError as error:
        raise RecordingError(f"line {number} of {path} is not {expected}: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecordingError(f"line {number} of {path} is not JSON: {error}") from error
