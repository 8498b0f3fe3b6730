"""The hello: whether this model can serve what a client declares, and the answering welcome."""

from dataclasses import replace

from model.pose.artifact import ArtifactSpec
from model.pose.layout import LayoutError, layout_named
from service.pacing import RateLimit
from service.people import FURTHEST
from service.protocol import PROTOCOL, VERSION, Hello, Limits, Model, Refusal, Welcome
from service.settings import Settings

SLOWEST_HZ = 0.01
"""An answer every 100 s; slower is silence."""

LONGEST_NAME = 40
"""Of a layout; the error would repeat a longer one whole."""


def check_hello(hello: Hello, spec: ArtifactSpec) -> None:
    """Refuses a hello that this model cannot serve.

    Raises:
        Refusal: the version, layout, coordinates, size or an option does not fit.
    """
    options = hello.options
    if hello.version != VERSION:
        raise _refused("version", f"this server speaks version {VERSION}, not {hello.version}")
    try:
        layout_named(hello.layout[:LONGEST_NAME])
    except LayoutError as error:
        raise _refused("layout", str(error)) from None
    metric = hello.coordinates == "metres"
    if metric != (spec.dimensions == 3):
        needed = "metres" if spec.dimensions == 3 else "pixels or normalised"
        raise _refused(
            "coordinates", f"the model {spec.name} reads {needed}, not {hello.coordinates}"
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


def with_lookahead(spec: ArtifactSpec, lookahead_ms: float | None) -> ArtifactSpec:
    """Returns the specification with the look-ahead that a client asked for."""
    if lookahead_ms is None:
        return spec
    return replace(spec, lookahead_frames=round(lookahead_ms / spec.window.step_ms))


def pacing(hello: Hello, settings: Settings) -> RateLimit | None:
    """Returns what thins a client's frames; None where every frame is to be answered."""
    asked_hz = hello.options.rate_limit_hz
    if hello.options.drop == "never":
        return None if asked_hz is None else RateLimit(asked_hz)
    return RateLimit(min(asked_hz or settings.rate_hz, settings.rate_hz))


def welcome(session: str, spec: ArtifactSpec, hello: Hello, settings: Settings) -> Welcome:
    """Returns the answer to a hello that was accepted."""
    window = with_lookahead(spec, hello.options.lookahead_ms).window
    model = Model(
        name=spec.name,
        version=spec.version,
        labels=spec.labels,
        layout=spec.layout,
        frames=spec.frames,
        rate_hz=spec.rate_hz,
        hop_ms=window.hop_ms,
        lookahead_ms=window.lookahead_ms,
        persons=spec.persons,
    )
    limits = Limits(settings.message_bytes, settings.people, settings.rate_hz, settings.idle_s)
    return Welcome(session, model, limits)


def _refused(code: str, message: str) -> Refusal:
    return Refusal(code, message, PROTOCOL)
