"""The hello: whether this model can serve what a client declares, and the answering welcome."""

from dataclasses import dataclass, replace

import msgspec

from model.pose.artifact import ArtifactSpec
from model.pose.layout import LayoutError, layout_named
from service.latency import hop_ms_of, latency
from service.pacing import RateLimit
from service.people import FURTHEST
from service.protocol import PROTOCOL, VERSION, Hello, Limits, Model, Refusal, Welcome
from service.settings import Settings

SLOWEST_HZ = 0.01
"""An answer every 100 s; slower is silence."""

SHORTEST_HOP_MS = 1.0
"""Frames do not come closer."""

LONGEST_NAME = 40
"""Of a layout; the error would repeat a longer one whole."""


IMAGE = "image"
"""The layout that announces pictures."""

SEEN_LAYOUT = "blazepose33"
"""Of whom is seen in them."""

LARGEST_CROWD = 16
"""People who are looked for in a picture: each more costs the time of another."""

USUAL_SIZE = (640.0, 480.0)
"""Into a picture of this size people are laid, where a client of pictures declares none."""


@dataclass(frozen=True)
class Resumable:
    """Whether a session goes on from an earlier one, and with what it can be resumed.

    Attributes:
        token: with which it can be resumed, once; None where this server cannot.
        resumed: whether it goes on.
        seen_ms: the newest frame that it has taken in, where it goes on.
    """

    token: str | None = None
    resumed: bool = False
    seen_ms: float | None = None


NEW = Resumable()


def as_read(hello: Hello) -> Hello:
    """Returns what a client's frames are once somebody has looked at its pictures.

    Keypoints are what they were declared to be.
    """
    if hello.layout != IMAGE:
        return hello
    return msgspec.structs.replace(
        hello, layout=SEEN_LAYOUT, coordinates="pixels", size=hello.size or USUAL_SIZE
    )


def check_hello(hello: Hello, spec: ArtifactSpec, without_images: str | None = None) -> None:
    """Refuses a hello that this model cannot serve.

    Args:
        hello: what a client declared.
        spec: the model that would answer it.
        without_images: why no images are taken, in one sentence; None where they are.

    Raises:
        Refusal: the version, layout, coordinates, size or an option does not fit.
    """
    options = hello.options
    if hello.version != VERSION:
        raise _refused("version", f"this server speaks version {VERSION}, not {hello.version}")
    if hello.layout == IMAGE:
        _check_images(hello, spec, without_images)
        hello = as_read(hello)
    try:
        layout_named(hello.layout[:LONGEST_NAME])
    except LayoutError as error:
        raise _refused("layout", str(error)) from None
    metric = hello.coordinates == "metres"
    if not metric and spec.dimensions == 3:
        raise _refused(
            "coordinates", f"the model {spec.name} reads metres, not {hello.coordinates}"
        )
    if metric and spec.normalisation == "published-2d":
        raise _refused(
            "coordinates",
            f"the model {spec.name} reads pixels of a picture of known size, not metres",
        )
    if not metric and (hello.size is None or not all(0 < n <= FURTHEST for n in hello.size)):
        raise _refused(
            "size",
            f"{hello.coordinates} need the picture's size [width, height], above 0 and at most "
            f"{FURTHEST:.0f} pixels",
        )
    if not 1 <= options.top_k <= 100:
        raise _refused("top-k", f"top_k is from 1 to 100, got {options.top_k}")
    if options.rate_limit_hz is not None and not options.rate_limit_hz >= SLOWEST_HZ:
        raise _refused(
            "rate", f"rate_limit_hz is at least {SLOWEST_HZ:g}, got {options.rate_limit_hz:g}"
        )
    longest_ms = spec.window.span_ms
    if options.lookahead_ms is not None and not 0 <= options.lookahead_ms <= longest_ms:
        raise _refused(
            "lookahead",
            f"lookahead_ms is from 0 to {longest_ms:g}, got {options.lookahead_ms:g}",
        )
    if options.hop_ms is not None and not SHORTEST_HOP_MS <= options.hop_ms <= longest_ms:
        raise _refused(
            "hop",
            f"hop_ms is from {SHORTEST_HOP_MS:g} to {longest_ms:g}, the length of a window; got "
            f"{options.hop_ms:g}",
        )


def _check_images(hello: Hello, spec: ArtifactSpec, without_images: str | None) -> None:
    if spec.dimensions == 3:
        raise _refused("images", f"{needs_metres(spec)}: send keypoints in metres")
    if without_images is not None:
        raise _refused("images", without_images)
    if hello.coordinates == "metres":
        raise _refused("coordinates", "coordinates of images are pixels, not metres")
    if not 1 <= hello.options.people <= LARGEST_CROWD:
        raise _refused(
            "people",
            f"from 1 to {LARGEST_CROWD} people are looked for in a picture, not "
            f"{hello.options.people}",
        )


def needs_metres(spec: ArtifactSpec) -> str:
    """Says of a model of positions in space that it cannot see."""
    return f"the model {spec.name} reads positions in metres, which pictures do not hold"


def with_lookahead(spec: ArtifactSpec, lookahead_ms: float | None) -> ArtifactSpec:
    """Returns the specification with the look-ahead that a client asked for."""
    if lookahead_ms is None:
        return spec
    return replace(spec, lookahead_frames=round(lookahead_ms / spec.window.step_ms))


def pacing(hello: Hello, settings: Settings, next_ms: float | None = None) -> RateLimit | None:
    """Returns what thins a client's frames; None where every frame is to be answered.

    Args:
        hello: what the client declared.
        settings: the most answers a second.
        next_ms: when the next answer is due, where a stream goes on.
    """
    asked_hz = hello.options.rate_limit_hz
    if hello.options.drop == "never":
        return None if asked_hz is None else RateLimit(asked_hz, next_ms)
    return RateLimit(min(asked_hz or settings.rate_hz, settings.rate_hz), next_ms)


def welcome(
    session: str,
    spec: ArtifactSpec,
    hello: Hello,
    settings: Settings,
    resumable: Resumable = NEW,
    taught: tuple[str, ...] = (),
) -> Welcome:
    """Returns the answer to a hello that was accepted.

    Args:
        session: its name.
        spec: the model that answers.
        hello: what the client declared.
        settings: limits.
        resumable: the token of the session, and how it goes on.
        taught: the actions known beside the model's own.
    """
    asked = hello.options
    agreed = with_lookahead(spec, asked.lookahead_ms)
    model = Model(
        name=spec.name,
        version=spec.version,
        labels=spec.labels,
        layout=spec.layout,
        frames=spec.frames,
        rate_hz=spec.rate_hz,
        hop_ms=hop_ms_of(spec, asked.hop_ms),
        lookahead_ms=agreed.window.lookahead_ms,
        persons=spec.persons,
    )
    limits = Limits(settings.message_bytes, settings.people, settings.rate_hz, settings.idle_s)
    return Welcome(
        session,
        model,
        limits,
        latency(agreed, asked.hop_ms),
        resume=resumable.token,
        resumed=resumable.resumed,
        seen_ms=resumable.seen_ms,
        taught=taught,
    )


def _refused(code: str, message: str) -> Refusal:
    return Refusal(code, message, PROTOCOL)
