"""The blocks of the everyday model's card: tables of recorded figures, and pictures beside it.

A document holds a pair of comments, ``<!-- everyday:NAME -->`` and ``<!-- /everyday -->``; what
stands between them is made here. What stands around them is written by hand.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType

from model.pose.figures import ROOT, Figure
from training.comparison import MISSING
from training.everyday.evaluate_videos import PICTURE_PREFIX
from training.everyday.evaluation import slug
from training.everyday.films import Use, read_films
from training.everyday.vocabulary import read_vocabulary

CARD = ROOT / "docs" / "everyday.md"
VIDEOS = "everyday.videos"
_SHARES: Mapping[str, str] = MappingProxyType(
    {"right": "right, %", "named": "of the action, named, %", "other": "another action, %"}
)
MODELS: Mapping[str, str] = MappingProxyType(
    {
        "everyday": "**everyday**: DSTE and GRU joined",
        "everyday.usdrl": "its DSTE alone (pretrained, then fine-tuned)",
        "everyday.scratch": "that DSTE without pretraining",
        "everyday.gru": "its GRU alone",
        "everyday.anew": "everyday, made anew with another seed",
        "everyday.trained": "everyday, asked about the people who trained it",
    }
)
"""What figures of a row begin with → its title."""

ROBUSTNESS, CONFUSION = "everyday-robustness.svg", "everyday-confusion.svg"
TITLES: Mapping[str, str] = MappingProxyType(
    {
        ROBUSTNESS: "Everyday model: macro-F1 as streams get worse",
        CONFUSION: "Everyday model: what most frames of each action were said to be",
    }
)
"""Pictures of streams by their file."""

_MEASURES = {
    "macro_f1": "macro-F1, %",
    "frame_accuracy": "frame accuracy, %",
    "false_alarms_per_minute": "false alarms a minute",
    "mistaken_starts_per_minute": "mistaken starts a minute",
    "onset_delay_s": "delay, s",
    "onset_delay_p90_s": "90 % within, s",
    "never_found": "never found, %",
}
_OF_ACTIONS = {
    "train_people": "people who taught",
    "test_people": "who test",
    "f1": "F1, %",
    "onsets": "times",
    "onset_delay_s": "delay, s",
    "onset_delay_p90_s": "90 % within, s",
    "never_found": "never found, %",
}
_DIGITS = {"s": 2, "/min": 2, "ms": 2, "MB": 2, "actions": 0, "people": 0}
"""Unit → digits after the point; others have one."""
_BLOCK = re.compile(r"(<!-- everyday:(\w+) -->\n)(.*?)(<!-- /everyday -->)", re.DOTALL)

Figures = Mapping[str, Figure]


class CardError(ValueError):
    """A card that asks for what there is not, said in one sentence."""


def refreshed(text: str, figures: Figures, pictures: Collection[str]) -> str:
    """Returns a document with its blocks made anew.

    Args:
        text: The document.
        figures: All that are recorded, by name.
        pictures: Names of the files that lie beside the document.

    Raises:
        CardError: The document names a block that there is not.
    """

    def block(found: re.Match[str]) -> str:
        if found[2] not in BLOCKS:
            raise CardError(f"there is no block {found[2]!r}; there are {', '.join(BLOCKS)}")
        return f"{found[1]}{BLOCKS[found[2]](figures, pictures)}\n{found[4]}"

    return _BLOCK.sub(block, text)


def _models(figures: Figures, _: Collection[str]) -> str:
    return _table("", {title: name for name, title in MODELS.items()}, _MEASURES, figures)


def _real(figures: Figures, _: Collection[str]) -> str:
    rows = {title: f"{name}.real" for name, title in MODELS.items()}
    return _table("", rows, _MEASURES, figures)


def _sources(figures: Figures, _: Collection[str]) -> str:
    names = _keys("everyday.source.", figures)
    return _table("data set", {n: f"everyday.source.{n}" for n in names}, _MEASURES, figures)


def _actions(figures: Figures, _: Collection[str]) -> str:
    vocabulary = read_vocabulary()
    rows = {
        f"{name} *(experimental)*" if name in vocabulary.experimental else name: (
            f"everyday.action.{slug(name)}"
        )
        for name in vocabulary.actions
    }
    measured = _keys("everyday.action.", figures)
    there = {title: name for title, name in rows.items() if name.rpartition(".")[2] in measured}
    return _table("action", there, _OF_ACTIONS, figures)


def _layouts(figures: Figures, _: Collection[str]) -> str:
    names = [name for name in figures if name.startswith("everyday.layout.")]
    rows = {name.rpartition(".")[2]: name.removesuffix(name.rpartition(".")[2]) for name in names}
    lines = [[title, _cell(figures[f"{prefix}{title}"])] for title, prefix in rows.items()]
    return _lines(["layout", "same label, % of frames"], lines, [figures[name] for name in names])


def _calibration(figures: Figures, _: Collection[str]) -> str:
    rejected = "everyday.unknown.rejected"
    sources = [name.rpartition(".")[2] for name in figures if name.startswith(f"{rejected}.")]
    return _list(
        {
            "everyday.ece_uncalibrated": "expected calibration error before, %",
            "everyday.ece": "and after, %",
            rejected: "frames of unknown actions said to be none, %",
            **{f"{rejected}.{name}": f"of {name}'s, %" for name in sources},
            "everyday.unknown.lost": "frames of known actions given no name in the same streams, %",
            "everyday.unknown.auroc": "AUROC of known against unknown frames, %",
        },
        figures,
    )


def _cost(figures: Figures, _: Collection[str]) -> str:
    return _list(
        {
            "everyday.window_ms": "one window on one core, ms",
            "everyday.size_mb": "the artifact, MB",
            "everyday.layout_agreement": "agreement of layouts with a head, the least of them, %",
            "everyday.background_minutes": "background in the composed test, minutes",
        },
        figures,
    )


def _videos(use: Use) -> Callable[[Figures, Collection[str]], str]:
    def block(figures: Figures, pictures: Collection[str]) -> str:
        films = read_films(read_vocabulary())
        names = [name for name in _keys(f"{VIDEOS}.", figures) if films[name].use == use]
        lines = []
        for name in sorted(names, key=_natural):
            shares = [figures.get(f"{VIDEOS}.{name}.{share}") for share in _SHARES]
            what, _, words = figures[f"{VIDEOS}.{name}.right"].note.partition(": ")
            lines.append([name, what, *map(_cell, shares), words])
        head = ["video", "what is done", *_SHARES.values(), "what was said"]
        table = _lines(head, lines, [figures[f"{VIDEOS}.{name}.right"] for name in names])
        files = [f"{PICTURE_PREFIX}{name}.svg" for name in sorted(names, key=_natural)]
        links = [f"![{file}]({file})" for file in files if file in pictures]
        return "\n".join([table, *(f"{link}\n" for link in links)])

    return block


def _picture(file: str) -> Callable[[Figures, Collection[str]], str]:
    def block(_: Figures, pictures: Collection[str]) -> str:
        return f"![{TITLES[file]}]({file})" if file in pictures else f"Not drawn: {TITLES[file]}."

    return block


BLOCKS: Mapping[str, Callable[[Figures, Collection[str]], str]] = MappingProxyType(
    {
        "models": _models,
        "real": _real,
        "sources": _sources,
        "actions": _actions,
        "layouts": _layouts,
        "calibration": _calibration,
        "cost": _cost,
        "trial1": _videos("test"),
        "trained": _videos("train"),
        "videos": _videos("fit"),
        "robustness": _picture(ROBUSTNESS),
        "confusion": _picture(CONFUSION),
    }
)
"""Every block by the name that documents call it by."""


def _table(head: str, rows: Mapping[str, str], columns: Mapping[str, str], figures: Figures) -> str:
    """A row each of what figures begin with, a column each of what they end with."""
    lines, shown = [], []
    for title, prefix in rows.items():
        found = [figures.get(f"{prefix}.{column}") for column in columns]
        shown += [figure for figure in found if figure is not None]
        lines.append([title, *(_cell(figure) for figure in found)])
    return _lines([head, *columns.values()], lines, shown)


def _list(names: Mapping[str, str], figures: Figures) -> str:
    """A row each figure."""
    lines = [[title, _cell(figures.get(name))] for name, title in names.items()]
    return _lines(["", ""], lines, [figures[name] for name in names if name in figures])


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]], shown: Sequence[Figure]) -> str:
    if not shown:
        return "Not measured."
    machines = "; ".join(sorted({f"{figure.machine}, {figure.date}" for figure in shown}))
    commands = sorted({figure.command for figure in shown})
    made = [" | ".join(row) for row in (head, ["---", *["---:"] * (len(head) - 1)], *rows)]
    folded = ["<details><summary>How</summary>", "", "```", *commands, "```", "", "</details>"]
    return "\n".join(
        [*(f"| {line} |" for line in made), "", f"Measured on {machines}.", "", *folded, ""]
    )


def _cell(figure: Figure | None) -> str:
    return MISSING if figure is None else f"{figure.value:.{_DIGITS.get(figure.unit, 1)}f}"


def _keys(prefix: str, figures: Figures) -> list[str]:
    """What stands between a prefix and the last word in the names of figures, each once."""
    found = (name.removeprefix(prefix) for name in figures if name.startswith(prefix))
    return sorted({name.rpartition(".")[0] for name in found})


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """By numbers within a name, not by their digits."""
    words = re.findall(r"\d+|\D+", name)
    return [(word.isdigit(), int(word) if word.isdigit() else 0, word) for word in words]
