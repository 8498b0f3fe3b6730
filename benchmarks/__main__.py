"""The measurements that documents quote: `python -m benchmarks [WHAT …]`, `--help` says which."""

import argparse
import json
import sys
from collections.abc import Callable

from benchmarks.augment import CLIPS, VIEWS, measure_augmentation
from benchmarks.streams import RATE_HZ, measure_streams
from benchmarks.tables import documents, refreshed
from benchmarks.train_step import CLIPS as STEP_CLIPS
from benchmarks.train_step import HIDDEN_SIZE, measure_step
from benchmarks.window import window_ms
from model.pose.command_line import Parser
from model.pose.figures import Figure, measured, read_figures, record_figures
from service.engine import OnnxEngine
from service.settings import DEFAULT_MODEL

STREAMS = (1, 10)
SECONDS = 15.0


def window() -> list[Figure]:
    """Measures one window of the embedded default model on one core."""
    command = "python -m benchmarks window"
    return [
        measured(
            f"bench.window.utkinect.batch_{batch}_ms",
            window_ms(DEFAULT_MODEL, batch),
            "ms",
            command,
            "One core, ONNX Runtime.",
        )
        for batch in (1, 8)
    ]


def streams() -> list[Figure]:
    """Measures how long clients of the embedded default model wait for a frame's label."""
    engine = OnnxEngine(DEFAULT_MODEL, threads=1)
    spec = engine.spec
    engine.close()
    figures = []
    for clients in STREAMS:
        load = measure_streams(DEFAULT_MODEL, spec, clients, SECONDS)
        if load.errors:
            raise ValueError(f"{load.errors} errors with {clients} clients: nothing to report")
        note = (
            f"Each client sends {RATE_HZ:g} poses a second, a window is run for every frame; "
            "clients and server share the machine."
        )
        for name, percent in (("median_ms", 50), ("p99_ms", 99)):
            figures.append(
                measured(
                    f"service.streams_{clients}.{name}",
                    load.percentile_ms(percent),
                    "ms",
                    "python -m benchmarks streams",
                    note,
                )
            )
    return figures


def augment() -> list[Figure]:
    """Measures the views of a batch, batched and clip by clip in NumPy."""
    found = measure_augmentation()
    note = (
        f"{VIEWS} views of each of {CLIPS} clips of 64 to 300 frames, V = 25, M = 2, T = 64, the "
        f"paper's settings: one torch thread takes {found.batched_ms:.1f} ms, one NumPy process, "
        f"vectorised within a clip, {found.numpy_ms:.1f} ms, which is {found.numpy_view_ms:.3f} ms "
        "a view."
    )
    command = "python -m benchmarks augment"
    return [measured("bench.augment.speedup", found.speedup, "×", command, note)]


def train_step() -> list[Figure]:
    """Measures a whole pretraining step in float32 and under bfloat16 autocast."""
    found = measure_step()
    command = "python -m benchmarks train-step"
    step = (
        f"DSTE, D = {HIDDEN_SIZE}, V = 25, M = 2, T = 64, {STEP_CLIPS} clips of four views: "
        "views, network, loss, gradients, AdamW."
    )
    times = f"{found.float32_ms:.0f} ms in float32, {found.bf16_ms:.0f} ms under autocast."
    share = f"{found.views_ms:.1f} ms of the {found.bf16_ms:.0f} ms of a step under autocast."
    return [
        measured("bench.train_step.bf16_speedup", found.speedup, "×", command, f"{step} {times}"),
        measured(
            "bench.augment.step_share", 100 * found.views_share, "%", command, f"{step} {share}"
        ),
    ]


MEASUREMENTS: dict[str, Callable[[], list[Figure]]] = {
    "window": window,
    "streams": streams,
    "augment": augment,
    "train-step": train_step,
}


def main(arguments: list[str] | None = None) -> int:
    """Runs measurements, or refreshes the tables; returns the exit status."""
    parser = Parser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "what",
        nargs="*",
        metavar="WHAT",
        help=f"{', '.join(MEASUREMENTS)} (default: all), or tables: make the documents' tables "
        "anew from the recorded figures",
    )
    parser.add_argument(
        "--record", action="store_true", help="write the figures to benchmarks/figures.json"
    )
    parser.add_argument("--json", action="store_true", help="one machine-readable line, last")
    options = parser.parse_args(arguments)
    try:
        if "tables" in options.what:
            if options.what != ["tables"]:
                raise ValueError("tables are made by themselves, after what was recorded")
            return _tables()
        return _measure(options.what or list(MEASUREMENTS), options)
    except ValueError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _measure(names: list[str], options: argparse.Namespace) -> int:
    unknown = [name for name in names if name not in MEASUREMENTS]
    if unknown:
        known = ", ".join((*MEASUREMENTS, "tables"))
        raise ValueError(f"there is no measurement {unknown[0]!r}; there are {known}")
    figures = []
    for name in names:
        for figure in MEASUREMENTS[name]():
            print(f"{figure.name:40} {figure.value:10.2f} {figure.unit}", flush=True)
            print(f"  {figure.note}", flush=True)
            figures.append(figure)
    if options.record:
        record_figures(figures)
    if options.json:
        print(json.dumps({figure.name: figure.value for figure in figures}))
    return 0


def _tables() -> int:
    figures = read_figures()
    for path in documents():
        text = path.read_text(encoding="utf-8")
        path.write_text(refreshed(text, figures), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
