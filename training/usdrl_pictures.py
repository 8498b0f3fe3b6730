"""The pictures of the USDRL report: which results each is drawn from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from training.detection import OF_A_CLASS
from training.pictures.confusion import draw_confusion
from training.pictures.curves import draw_early, draw_precision_recall
from training.pictures.feature_maps import draw_feature_maps
from training.results import Point, Result
from training.usdrl_tables import EARLY

Results = Mapping[str, Result]


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        file: Its name.
        title: Above it.
        needs: Names of the results it is drawn from; any that are there will do.
        draw: Draws it from those that are there; None where they hold nothing to be drawn.
    """

    file: str
    title: str
    needs: tuple[str, ...]
    draw: Callable[[str, Results], str | None]


def drawn(results: Results) -> dict[str, str]:
    """All pictures that can be drawn: name of the file → the SVG."""
    found = {}
    for picture in PICTURES.values():
        there = {name: results[name] for name in picture.needs if name in results}
        svg = picture.draw(picture.title, there)
        if svg is not None:
            found[picture.file] = svg
    return found


def _confusion(title: str, results: Results) -> str | None:
    found = next((result for result in results.values() if result.truth), None)
    if found is None:
        return None
    return draw_confusion(title, found.truth, found.predicted, found.classes)


def _early(titles: Mapping[str, str], title: str, results: Results) -> str | None:
    curves = {titles[name]: points for name in results if (points := _accuracies(results[name]))}
    return draw_early(title, curves) if curves else None


def _accuracies(result: Result) -> list[Point]:
    """Accuracy by per cent seen, of the figures: a curve of the result is that of one seed."""
    found = {figure.name.removeprefix(f"{result.name}."): figure for figure in result.figures}
    return sorted((float(seen), figure.value) for seen, figure in found.items() if seen.isdecimal())


def _precision_recall(title: str, results: Results) -> str | None:
    for result in results.values():
        curves = {
            name.removeprefix(OF_A_CLASS): points
            for name, points in result.curves.items()
            if name.startswith(OF_A_CLASS)
        }
        if curves:
            return draw_precision_recall(title, curves)
    return None


def _maps(titles: Mapping[str, str], title: str, results: Results) -> str | None:
    maps = {
        titles[name]: result.feature_map
        for name, result in results.items()
        if result.feature_map is not None
    }
    classes = next((result.classes for result in results.values()), ())
    return draw_feature_maps(title, maps, classes) if maps else None


_EARLY = {f"nw_ucla.early.{key}": title for key, title in EARLY.items()}
_MAPPED = {
    "nw_ucla.linear.random": "random weights",
    "nw_ucla.linear.single": "pretrained",
}

PICTURES: Mapping[str, Picture] = MappingProxyType(
    {
        "confusion_nw_ucla": Picture(
            "nw-ucla-confusion.svg",
            "NW-UCLA, cross-view: linear on frozen features, single stream",
            ("nw_ucla.linear.single",),
            _confusion,
        ),
        "confusion_utd_mhad": Picture(
            "utd-mhad-confusion.svg",
            "UTD-MHAD, cross-subject: fine-tuned, single stream",
            ("utd_mhad.finetune.single",),
            _confusion,
        ),
        "early_nw_ucla": Picture(
            "nw-ucla-early.svg",
            "NW-UCLA, cross-view: early prediction",
            tuple(_EARLY),
            partial(_early, _EARLY),
        ),
        "precision_recall_utkinect": Picture(
            "utkinect-precision-recall.svg",
            "UTKinect: segments detected by the pretrained DSTE, tIoU 0.5",
            ("utkinect.detection.pretrained",),
            _precision_recall,
        ),
        "features_nw_ucla": Picture(
            "nw-ucla-features.svg",
            "NW-UCLA, cross-view: features of the clips that test (t-SNE)",
            tuple(_MAPPED),
            partial(_maps, _MAPPED),
        ),
    }
)
"""Every picture by the name that documents call it by."""
