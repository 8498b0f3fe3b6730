"""The measurements that documents quote: `python -m benchmarks [WHAT …]`, `--help` says which."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from benchmarks.load_figures import LoadPlan, load_figures
from benchmarks.measuring import measure_all
from benchmarks.tables import documents, refreshed
from benchmarks.window import window_ms
from model.pose.command_line import UNUSABLE, Parser, exit_status
from model.pose.figures import FIGURES_PATH, Figure, measured, read_figures
from model.pose.whole_file import whole_file
from service.settings import DEFAULT_MODEL

VIDEOS = Path("../shared/data/videos")


def window() -> list[Figure]:
    """Measures one window of each artifact that ships, on one core."""
    command = "python -m benchmarks window"
    return [
        measured(
            f"bench.window.{path.stem}.batch_{batch}_ms",
            window_ms(path, batch),
            "ms",
            command,
            "One core, ONNX Runtime.",
        )
        for path in sorted(DEFAULT_MODEL.parent.glob("*.onnx"))
        for batch in (1, 8)
    ]


def load(options: argparse.Namespace) -> Iterable[Figure]:
    """Measures how long clients of the embedded default model wait for a frame's label."""
    return load_figures(
        LoadPlan(
            DEFAULT_MODEL,
            streams=tuple(options.streams),
            compared=options.compared,
            seconds=options.seconds,
            minutes=options.minutes,
            recordings=options.recordings,
            checkpoint=options.checkpoint,
        )
    )


def augment() -> list[Figure]:
    """Measures the views of a batch, batched and clip by clip in NumPy."""
    from benchmarks.augment import CLIPS, VIEWS, measure_augmentation

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
    from benchmarks.train_step import CLIPS, HIDDEN_SIZE, measure_step

    found = measure_step()
    command = "python -m benchmarks train-step"
    step = (
        f"DSTE, D = {HIDDEN_SIZE}, V = 25, M = 2, T = 64, {CLIPS} clips of four views: "
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


def cuda() -> list[Figure]:
    """Measures a pretraining step of the paper's size on a CUDA device."""
    from benchmarks.cuda import CLIPS, HIDDEN_SIZE, TOLERANCE, measure_device

    found = measure_device()
    command = "python -m benchmarks cuda"
    step = (
        f"{found.device}, DSTE, D = {HIDDEN_SIZE}, V = 25, M = 2, T = 64, {CLIPS} clips "
        "of four views, bfloat16 autocast."
    )
    return [
        measured(f"bench.cuda.{name}", value, unit, command, f"{step} {note}".strip())
        for name, value, unit, note in (
            ("clips_per_second", found.clips_per_second, "clips/s", ""),
            ("ceiling_share", 100 * found.ceiling_share, "%", "Of a large bfloat16 product."),
            ("peak_gib", found.peak_gib, "GiB", "Held by tensors."),
            ("busy", 100 * found.busy, "%", "As the driver says."),
            ("deviation", found.deviation, "", f"Features from the CPU's, at most {TOLERANCE:g}."),
        )
    ]


def page(options: argparse.Namespace) -> Iterable[Figure]:
    """Measures the page in a browser, with a film of people as its webcam."""
    from benchmarks.page import page_figures

    return page_figures(DEFAULT_MODEL, options.videos, options.page_seconds)


MEASUREMENTS: dict[str, Callable[[argparse.Namespace], Iterable[Figure]]] = {
    "window": lambda _: window(),
    "load": load,
    "augment": lambda _: augment(),
    "train-step": lambda _: train_step(),
    "cuda": lambda _: cuda(),
    "page": page,
}


def main(arguments: list[str] | None = None) -> int:
    """Runs measurements, or refreshes the tables; returns the exit status."""
    parser = Parser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "what",
        nargs="*",
        metavar="WHAT",
        help=f"{', '.join(MEASUREMENTS)} (default: all that can be measured here), or tables: make "
        "the documents' tables anew from the recorded figures",
    )
    parser.add_argument(
        "--record", action="store_true", help="write the figures to benchmarks/figures.json"
    )
    parser.add_argument("--json", action="store_true", help="one machine-readable line, last")
    _add_load_options(parser)
    _add_page_options(parser)
    options = parser.parse_args(arguments)
    try:
        if "tables" in options.what:
            if options.what != ["tables"]:
                raise ValueError("tables are made by themselves, after what was recorded")
            return _tables()
        return _measure(options.what, options)
    except ValueError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return UNUSABLE


def _add_load_options(parser: argparse.ArgumentParser) -> None:
    of_load = parser.add_argument_group("of the load")
    plan = LoadPlan(DEFAULT_MODEL)
    for name, kind, help_ in (
        ("seconds", _seconds, "how long each client sends"),
        ("compared", _clients, "clients of the runs beside peers, and of the long run"),
        ("minutes", _minutes, "length of the run that memory is watched over; 0 for none"),
    ):
        of_load.add_argument(
            f"--{name}",
            type=kind,
            default=getattr(plan, name),
            help=f"{help_} (default %(default)s)",
        )
    of_load.add_argument(
        "--streams",
        type=_clients,
        nargs="*",
        default=plan.streams,
        metavar="N",
        help="clients, a run each (default 1 10 50 100 200); none for the long run alone",
    )
    of_load.add_argument(
        "--recordings",
        type=Path,
        help="directory of recordings to play, as `python -m training prepare … --recordings` "
        "writes them (default: bodies made by code)",
    )
    of_load.add_argument(
        "--checkpoint", type=Path, help="the model's checkpoint, for PyTorch eager beside it"
    )


def _add_page_options(parser: argparse.ArgumentParser) -> None:
    of_page = parser.add_argument_group("of the page")
    of_page.add_argument(
        "--videos",
        type=Path,
        default=VIDEOS,
        help="directory of the videos that are its webcam (default %(default)s)",
    )
    of_page.add_argument(
        "--page-seconds",
        type=_seconds,
        default=70.0,
        help="how long its webcam is watched (default %(default)g)",
    )


def _clients(text: str) -> int:
    number = _between(text, 1, 1000)
    if number != int(number):
        raise argparse.ArgumentTypeError(f"expected a whole number, got {text!r}")
    return int(number)


def _seconds(text: str) -> float:
    return _between(text, 10, 3600)


def _minutes(text: str) -> float:
    number = _between(text, 0, 24 * 60)
    if 0 < number < 1:
        raise argparse.ArgumentTypeError(f"expected 0 for none, or 1 to 1440, got {text!r}")
    return number


def _between(text: str, least: float, most: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(f"expected {least:g} to {most:g}, got {text!r}")
    return number


def _measure(named: list[str], options: argparse.Namespace) -> int:
    unknown = [name for name in named if name not in MEASUREMENTS]
    if unknown:
        known = ", ".join((*MEASUREMENTS, "tables"))
        raise ValueError(f"there is no measurement {unknown[0]!r}; there are {known}")
    figures = measure_all(
        {name: partial(MEASUREMENTS[name], options) for name in named or MEASUREMENTS},
        asked_for=bool(named),
        record_to=FIGURES_PATH if options.record else None,
    )
    if options.json:
        print(json.dumps({figure.name: figure.value for figure in figures}))
    return 0


def _tables() -> int:
    figures = read_figures()
    for path in documents():
        text = path.read_text(encoding="utf-8")
        with whole_file(path) as file:
            file.write(refreshed(text, figures).encode())
    return 0


if __name__ == "__main__":
    sys.exit(exit_status("benchmarks", main))
