"""The client that is fuzzed: bytes become messages, and are taken in as the service takes them in.

No socket and no network's output: from the bytes of a message to the windows that are cut of its
frames. `benchmarks.fuzz` makes the bytes; a test makes others with hypothesis.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec
import numpy as np

from model.pose.artifact import ArtifactSpec, Provenance
from model.pose.layout import layout_named
from service.codec import decode, encode
from service.hello import as_read, check_hello
from service.image import ImageError, check_image
from service.intake import PoseIntake
from service.labelling import Labelling
from service.protocol import (
    VERSION,
    Bye,
    ClientMessage,
    Error,
    Forget,
    Hello,
    Image,
    Pose,
    Refusal,
    Teach,
)
from service.settings import Settings
from service.teaching import Teaching

SEPARATOR = b"\0\n\0"
"""Between the messages of one input."""

LONGEST_SENTENCE = 500
"""Characters that a client is told at most, whatever it sent."""

METRES = ArtifactSpec(
    name="fuzzed",
    version="1",
    task="frames",
    layout="kinect20",
    joints=layout_named("kinect20").joints,
    persons=2,
    frames=16,
    rate_hz=30.0,
    hop_frames=4,
    lookahead_frames=2,
    labels=("background", "wave", "bow"),
    normalisation="kinect-3d",
    provenance=Provenance(data="none", terms="none", commit="0" * 40),
)

PIXELS = replace(
    METRES, layout="coco17", joints=layout_named("coco17").joints, normalisation="body-2d"
)

SETTINGS = Settings.model_construct()
"""The defaults, whatever the environment has."""

GREETINGS = {
    False: Hello(VERSION, "kinect20", "metres"),
    True: Hello(VERSION, "coco17", "pixels", (640, 480)),
}
"""Whether there is a picture → what a client has said before what is fuzzed."""


class FuzzedClient:
    """One client, greeted; what it sends is taken in until it ends.

    Args:
        picture: whether the model reads keypoints in pictures; else it reads metres.
    """

    def __init__(self, picture: bool) -> None:
        self._spec = PIXELS if picture else METRES
        self._greet(GREETINGS[picture])

    def take(self, data: str | bytes) -> str:
        """Takes a message in; returns its type, or the code of what it is refused with.

        Raises:
            Exception: whatever a client must never be able to cause.
        """
        try:
            message = decode(data)
            self._heed(message)
        except Refusal as refusal:
            _check_sentence(refusal)
            return refusal.code
        return type(message).__name__.lower()

    def _greet(self, hello: Hello) -> None:
        check_hello(hello, self._spec)
        read = as_read(hello)
        self._teaching = Teaching(self._spec, SETTINGS.taught_actions)
        self._labelling = Labelling(read, self._spec, SETTINGS, self._teaching)
        self._intake = PoseIntake(read, self._labelling, self._spec.dimensions, SETTINGS)

    def _heed(self, message: ClientMessage) -> None:
        match message:
            case Hello():
                # A client says it once; here each begins a session anew.
                self._greet(message)
            case Pose():
                self._intake.take(message)
                self._cut()
            case Image():
                try:
                    check_image(message.data, SETTINGS.image_pixels)
                except ImageError as error:
                    raise Refusal("bad-image", str(error)) from None
            case Teach():
                self._teaching.lesson(message)
            case Forget():
                self._teaching.forget(message)
            case Bye():
                self._labelling.finish()

    def _cut(self) -> None:
        while (run := self._labelling.due()) is not None:
            assert np.isfinite(run.clips).all(), "a window that is no numbers"


def _check_sentence(refusal: Refusal) -> None:
    """A refusal is one short line that both encodings can carry."""
    sentence = str(refusal)
    assert sentence, "no sentence"
    assert len(sentence) <= LONGEST_SENTENCE, f"a sentence of {len(sentence)} characters"
    error = Error(refusal.code, sentence, refusal.close is not None)
    for text in (True, False):
        encode(error, text=text)


def play(data: bytes) -> Iterator[str]:
    """Plays one input, and yields what came of each of its messages.

    The lowest bit of the first byte says whether messages are text, the next whether there is a
    picture. What is no UTF-8 is left out of text: the connection has closed before.

    Raises:
        Exception: see `FuzzedClient.take`.
    """
    if not data:
        return
    client = FuzzedClient(picture=bool(data[0] & 2))
    for message in data[1:].split(SEPARATOR):
        if data[0] & 1:
            try:
                yield client.take(message.decode())
            except UnicodeDecodeError:
                yield "not-text"
        else:
            yield client.take(message)


def packed(messages: Sequence[object], *, text: bool, picture: bool) -> bytes:
    """Returns messages as an input."""
    pack = msgspec.json.encode if text else msgspec.msgpack.encode
    return bytes([text | picture << 1]) + SEPARATOR.join(map(pack, messages))
