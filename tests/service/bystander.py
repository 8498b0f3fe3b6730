"""A stream beside what a test does to the same server: it must get a label for every frame."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from websockets.sync.client import connect

from tests.service.artifacts import KINECT
from tests.service.bodies import WARM, body, hello, pose

PAUSE_S = 0.02
"""Between frames, so that it leaves the machine to others."""

ANSWER_S = 30.0


class _Beside(threading.Thread):
    """Streams until it is told to stop; `failure` says what went wrong."""

    def __init__(self, url: str) -> None:
        super().__init__(name="bystander", daemon=True)
        self._url = url
        self._stopping = threading.Event()
        self.begun = threading.Event()
        self.labels: list[str] = []
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            self._stream()
        except Exception as error:
            self.failure = error

    def stop(self) -> None:
        self._stopping.set()
        self.join()

    def _stream(self) -> None:
        person = body(KINECT, left=0.3)
        with connect(self._url) as socket:
            socket.send(msgspec.json.encode(hello(KINECT, drop="never", events=False)), text=True)
            assert msgspec.json.decode(socket.recv(ANSWER_S))["type"] == "welcome"
            self.begun.set()
            while len(self.labels) < WARM or not self._stopping.wait(PAUSE_S):
                frame = pose(len(self.labels), person)
                socket.send(msgspec.json.encode(frame), text=True)
                answer = msgspec.json.decode(socket.recv(ANSWER_S))
                assert (answer["type"], answer["t_ms"]) == ("actions", frame["t_ms"]), answer
                self.labels.append(answer["people"][0]["label"])


@contextmanager
def streaming_beside(url: str) -> Iterator[None]:
    """Streams from before the block to its end; every frame must have had its own label."""
    beside = _Beside(url)
    beside.start()
    assert beside.begun.wait(ANSWER_S), repr(beside.failure)
    try:
        yield
    finally:
        beside.stop()
    assert beside.failure is None, repr(beside.failure)
    warming = WARM - 1
    assert beside.labels[:warming] == ["warming"] * warming
    assert set(beside.labels[warming:]) == {"left up"}
