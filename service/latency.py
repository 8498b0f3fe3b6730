"""The latency: how late something is said on the client's clock, derived in this one place.

What the network and the computing take comes on top; every answer says what the computing took.
"""

from model.pose.artifact import ArtifactSpec
from model.pose.hysteresis import END_MS
from service.protocol import Latency


def hop_ms_of(spec: ArtifactSpec, asked_ms: float | None) -> float:
    """Returns the time between two windows: what was asked for, or the model's own."""
    return spec.window.hop_ms if asked_ms is None else asked_ms


def latency(spec: ArtifactSpec, hop_ms: float | None) -> Latency:
    """Returns what a client has to reckon with that sends at the window's own rate.

    A frame waits for its look-ahead, and then for the next run: for all of a hop, less the frame
    that itself ends it. A start is certain when its action has been said, surely enough, for the
    calibration's `start_ms`, to the frame; an end when something else has been said for `END_MS`
    since the action's last frame.

    Args:
        spec: the model, with the look-ahead that was agreed.
        hop_ms: the hop by time that was agreed; None where the model's own counts frames.
    """
    window = spec.window
    step_ms = window.step_ms
    if hop_ms is None:
        waits_ms = (window.hop_frames - 1) * step_ms
    else:
        waits_ms = hop_ms
    label_ms = window.lookahead_ms + waits_ms
    return Latency(
        warming_ms=(window.warm_samples - 1) * step_ms,
        label_ms=label_ms,
        start_ms=label_ms + spec.calibration.start_ms + step_ms,
        end_ms=label_ms + END_MS + step_ms,
    )
