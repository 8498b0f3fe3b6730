"""The tables of figures in README, docs and model cards, made from figures.json.

A document holds a pair of comments, `<!-- figures:NAME -->` and `<!-- /figures -->`; what stands
between them is made here, and a test holds that making it again changes nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from model.pose.figures import ROOT, Figure

DOCUMENTS = (
    "README.md",
    "docs/export.md",
    "docs/operating.md",
    "docs/training.md",
    "docs/web.md",
    "weights/utkinect.md",
)
"""The documents that may hold tables."""

_BLOCK = re.compile(r"(<!-- figures:(\w+) -->\n)(.*?)(<!-- /figures -->)", re.DOTALL)


@dataclass(frozen=True)
class Table:
    """Which figures a table shows.

    Attributes:
        rows: (name in the figures, what the reader sees), of the rows.
        columns: the same of the columns.
        pattern: the figure of a row and a column.
        digits: after the decimal point.
        told: where commands and notes stand, for a table that is only an extract.
    """

    rows: tuple[tuple[str, str], ...]
    columns: tuple[tuple[str, str], ...]
    pattern: str
    digits: int = 1
    told: str = ""


TABLES: Mapping[str, Table] = {
    "everyday": Table(
        rows=(
            ("everyday", "**everyday-s**: DSTE and GRU joined"),
            ("everyday.usdrl", "its DSTE alone"),
            ("everyday.scratch", "that DSTE without pretraining"),
            ("everyday.gru", "its GRU alone"),
        ),
        columns=(
            ("macro_f1", "macro-F1, %"),
            ("frame_accuracy", "frame accuracy, %"),
            ("false_alarms_per_minute", "false alarms a minute"),
            ("real.false_alarms_per_minute", "the same, real streams"),
            ("never_found", "actions never told, %"),
            ("onset_delay_s", "delay of those told, median, s"),
        ),
        pattern="{row}.{column}",
        digits=2,
        told="held-out people; more in [docs/everyday.md](docs/everyday.md)",
    ),
    "utkinect": Table(
        rows=(
            ("dste", "**DSTE** (`weights/utkinect.onnx`)"),
            ("pretrained", "DSTE that learnt from composed streams first"),
            ("gru", "GRU over frames"),
            ("mlp", "MLP on each frame"),
            ("background", "always background"),
        ),
        columns=(
            ("frame_accuracy", "frame accuracy"),
            ("macro_f1", "macro-F1"),
            ("edit", "edit score"),
            ("f1_10", "F1@10"),
            ("f1_25", "F1@25"),
            ("f1_50", "F1@50"),
        ),
        pattern="utkinect.online.{row}.{column}",
    ),
    "nw_ucla": Table(
        rows=(
            ("random", "random weights"),
            ("single", "single stream"),
            ("three", "three streams"),
            ("multi", "one multi-modal encoder"),
        ),
        columns=(("linear", "linear"), ("knn", "1-NN, cosine")),
        pattern="nw_ucla.{column}.{row}",
        told="protocol, commands and more rows in [docs/results.md](docs/results.md)",
    ),
    "finetune": Table(
        rows=(
            ("scratch", "from scratch, single stream"),
            ("single", "pretrained, single stream"),
            ("three", "pretrained, three streams"),
            ("multi", "pretrained, one multi-modal encoder"),
        ),
        columns=(
            ("nw_ucla", "NW-UCLA, cross-view"),
            ("utd_mhad", "UTD-MHAD, cross-subject"),
        ),
        pattern="{column}.finetune.{row}",
        told="protocol, commands and more rows in [docs/results.md](docs/results.md)",
    ),
    "window": Table(
        rows=(("everyday-s", "everyday-s, fp32"), ("utkinect", "utkinect-dste, fp32")),
        columns=(("batch_1", "alone"), ("batch_8", "a window of a batch of 8")),
        pattern="bench.window.{row}.{column}_ms",
        digits=2,
    ),
    "precisions": Table(
        rows=(
            ("fp32", "float32"),
            ("fp16", "fp16"),
            ("int8_static", "int8-static"),
            ("int8_dynamic", "int8-dynamic, not served"),
        ),
        columns=(
            ("size_mb", "MB"),
            ("window_ms", "a window alone, ms"),
            ("relative", "against float32, ×"),
            ("together_relative", "of 8, against float32, ×"),
            ("agreement", "same label, %"),
            ("accuracy", "right label, %"),
        ),
        pattern="precision.{row}.{column}",
        digits=2,
    ),
    "page": Table(
        rows=(("web", "the page"),),
        columns=(
            ("bundle_gzip_kb", "its code, gzipped, KB"),
            ("first_picture_s", "first picture, s"),
            ("fps", "frames a second from a webcam"),
            ("label_delay_median_ms", "label on screen after the picture, median, ms"),
            ("label_delay_p95_ms", "95 %, ms"),
        ),
        pattern="{row}.{column}",
    ),
    "training": Table(
        rows=(
            ("augment.speedup", "four views of a batch, against NumPy clip by clip"),
            ("train_step.bf16_speedup", "a training step in bfloat16, against float32"),
        ),
        columns=(("bench", "times as fast"),),
        pattern="{column}.{row}",
        digits=2,
    ),
    "streams": Table(
        rows=tuple(
            (f"streams_{clients}", f"{clients} client" + "s" * (clients > 1))
            for clients in (1, 10, 50, 100, 200)
        ),
        columns=(
            ("median_ms", "median, ms"),
            ("p99_ms", "99 %, ms"),
            ("p99_beyond_hop_ms", "99 % beyond the hop, ms"),
            ("dropped", "frames dropped"),
            ("cpu_ms_a_frame", "server's CPU a frame, ms"),
        ),
        pattern="service.{row}.{column}",
    ),
    "memory": Table(
        rows=(("memory", "the server's memory"),),
        columns=(("slope_mb_per_hour", "grows by, MB an hour"),),
        pattern="service.{row}_{column}",
    ),
}


def rendered(name: str, figures: Mapping[str, Figure]) -> str:
    """Returns a table as Markdown, with the machine and the commands that made it.

    Raises:
        ValueError: there is no such table, or no figure for it.
    """
    if name not in TABLES:
        raise ValueError(f"there is no table {name!r}; there are {', '.join(TABLES)}")
    table = TABLES[name]
    shown: list[Figure] = []
    lines = [
        "| | " + " | ".join(title for _, title in table.columns) + " |",
        "|---" * (len(table.columns) + 1) + "|",
    ]
    for row, title in table.rows:
        names = [table.pattern.format(row=row, column=column) for column, _ in table.columns]
        found = [figures.get(name) for name in names]
        if not any(found):
            continue
        shown += filter(None, found)
        cells = ("" if figure is None else _cell(figure, table.digits) for figure in found)
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    if not shown:
        raise ValueError(f"no figure of the table {name!r} has been recorded")
    units = ", ".join(sorted({figure.unit for figure in shown}))
    commands = ", ".join(sorted({f"`{figure.command}`" for figure in shown}))
    machines = "; ".join(sorted({f"{figure.machine}, {figure.date}" for figure in shown}))
    notes = sorted({figure.note for figure in shown if figure.note and not table.told})
    where = f"{table.told}; " if table.told else f"{commands} on "
    ending = f"In {units}; {where}{machines}."
    return "\n".join([*lines, "", " ".join([ending, *notes]), ""])


def refreshed(text: str, figures: Mapping[str, Figure]) -> str:
    """Returns a document with its tables made anew.

    Raises:
        ValueError: it names a table that there is not, or that no figure was recorded for.
    """
    return _BLOCK.sub(lambda block: block[1] + rendered(block[2], figures) + block[4], text)


def documents() -> list[Path]:
    """Returns the documents of `DOCUMENTS` that there are."""
    return [path for name in DOCUMENTS if (path := ROOT / name).is_file()]


def _cell(figure: Figure, digits: int) -> str:
    """A figure's value; frames are counted whole."""
    return f"{figure.value:,.0f}" if figure.unit == "frames" else f"{figure.value:.{digits}f}"
