"""What a server does now, in figures, and as a screen of text.

It knows what a posewire server measures; who asks it, and where the screen goes, is `top`'s.
"""

import msgspec

from posewire_client.metrics_page import MetricsPage

LISTED = "{:28} {:>9} {:>8} {:>9} {:>13} {:>13}"


class ModelLoad(msgspec.Struct, frozen=True, kw_only=True):
    """What one model does.

    Attributes:
        name: The model's, with its version.
        provider: What it runs on, as its server really got it.
        labels_hz: Labels a second.
        runs_hz: Runs a second.
        run_windows: Windows in a run, the mean; None where there was no run.
        queue_ms: From a frame taken in to its run: the median and 99 %; None where none was.
        infer_ms: Of a run: the median and 99 %; None where there was none.
    """

    name: str
    provider: str
    labels_hz: float
    runs_hz: float
    run_windows: float | None
    queue_ms: tuple[float, float] | None
    infer_ms: tuple[float, float] | None


class ServerLoad(msgspec.Struct, frozen=True, kw_only=True, tag="load"):
    """What a server did between two looks at it.

    Attributes:
        sessions: Those that it has now, by state.
        frames_hz: Frames that came, a second.
        labels_hz: Labels that went out, a second.
        dropped_hz: Frames without a label of their own, a second, by cause.
        degraded: Whether it runs with less than was asked for.
        models: Those that are loaded.
    """

    sessions: dict[str, int]
    frames_hz: float
    labels_hz: float
    dropped_hz: dict[str, float]
    degraded: bool
    models: tuple[ModelLoad, ...]


def server_load(before: MetricsPage, now: MetricsPage, seconds: float) -> ServerLoad:
    """Give what a server did between two pages of its metrics, so many seconds apart."""
    grown = now.grown(before)
    dropped = grown.by("posewire_dropped_total", "cause")
    return ServerLoad(
        sessions={
            state: round(count) for state, count in now.by("posewire_sessions", "state").items()
        },
        frames_hz=round(grown.total("posewire_frames_total") / seconds, 2),
        labels_hz=round(grown.total("posewire_answers_total") / seconds, 2),
        dropped_hz={cause: round(count / seconds, 2) for cause, count in dropped.items()},
        degraded=now.total("posewire_degraded") > 0,
        models=tuple(
            _model_load(grown, name, provider, seconds)
            for name, provider in now.pairs("posewire_model_loaded", "model", "provider")
        ),
    )


def _model_load(grown: MetricsPage, name: str, provider: str, seconds: float) -> ModelLoad:
    runs = grown.total("posewire_batch_windows_count", model=name)
    windows = grown.total("posewire_batch_windows_sum", model=name)
    return ModelLoad(
        name=name,
        provider=provider.removesuffix("ExecutionProvider"),
        labels_hz=round(grown.total("posewire_answers_total", model=name) / seconds, 2),
        runs_hz=round(runs / seconds, 2),
        run_windows=round(windows / runs, 2) if runs else None,
        queue_ms=_quantiles_ms(grown, "posewire_queue_seconds", name),
        infer_ms=_quantiles_ms(grown, "posewire_infer_seconds", name),
    )


def _quantiles_ms(grown: MetricsPage, histogram: str, model: str) -> tuple[float, float] | None:
    half = grown.quantile(0.5, histogram, model=model)
    most = grown.quantile(0.99, histogram, model=model)
    return None if half is None or most is None else (round(1e3 * half, 1), round(1e3 * most, 1))


def screen(load: ServerLoad) -> list[str]:
    """Give the lines of a screen."""
    sessions = ", ".join(f"{count} {state}" for state, count in load.sessions.items()) or "none"
    causes = ", ".join(f"{hz:.1f} {cause}" for cause, hz in load.dropped_hz.items() if hz)
    lines = [
        f"sessions  {sessions}",
        f"frames    {load.frames_hz:.1f}/s in, {load.labels_hz:.1f}/s labelled",
        f"dropped   {sum(load.dropped_hz.values()):.1f}/s" + (f" ({causes})" if causes else ""),
    ]
    if load.degraded:
        lines.append("degraded  it runs with less than was asked for; /readyz says what is missing")
    heads = ("model", "labels/s", "runs/s", "windows", "queue, ms", "infer, ms")
    return [*lines, "", LISTED.format(*heads), *map(_row, load.models)]


def _row(model: ModelLoad) -> str:
    return LISTED.format(
        f"{model.name} ({model.provider})",
        f"{model.labels_hz:.1f}",
        f"{model.runs_hz:.1f}",
        "" if model.run_windows is None else f"{model.run_windows:.1f}",
        _two(model.queue_ms),
        _two(model.infer_ms),
    )


def _two(quantiles: tuple[float, float] | None) -> str:
    """The median and 99 %."""
    return "" if quantiles is None else f"{quantiles[0]:.1f} {quantiles[1]:.1f}"
