"""Pictures of results: what they say can be read in them, and the same input draws the same."""

import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from training.pictures.confusion import draw_confusion
from training.pictures.curves import draw_early, draw_precision_recall
from training.pictures.feature_maps import MOST_DOTS, draw_feature_maps
from training.results import FeatureMap

CLASSES = ("hop", "wave & bow", "kneel")


def confusion() -> str:
    """Three hops, one taken for a wave; four waves, all found; nobody kneels."""
    return draw_confusion("A < B", (0, 0, 0, 1, 1, 1, 1), (0, 1, 0, 1, 1, 1, 1), CLASSES)


def early() -> str:
    """Two curves."""
    curves = {"random": [(10.0, 12.25), (100.0, 50.0)], "ours": [(10.0, 31.2), (100.0, 91.75)]}
    return draw_early("Early", curves)


def precision_recall() -> str:
    """One class half found, one of which nothing was proposed."""
    return draw_precision_recall("Found", {"hop": [(0.25, 1.0), (0.5, 0.5)], "kneel": []})


def feature_maps() -> str:
    """Two maps of one clip each class."""
    drawn = FeatureMap(((0.0, 0.0), (1.0, 1.0), (2.0, 0.5)), (0, 1, 2))
    return draw_feature_maps("Maps", {"random weights": drawn, "pretrained": drawn}, CLASSES)


PICTURES = (confusion, early, precision_recall, feature_maps)


def words(svg: str) -> list[str]:
    """All texts of a picture, in order."""
    elements = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return ["".join(element.itertext()).strip() for element in elements]


@pytest.mark.parametrize("draw", PICTURES)
def test_the_same_input_draws_the_same_bytes(draw: Callable[[], str]) -> None:
    """No date, no version, no random name; small enough for a repository."""
    svg = draw()
    assert draw() == svg
    assert "<dc:date>" not in svg
    assert len(svg.encode()) < 150_000


def test_a_confusion_matrix_holds_counts_and_shares_of_rows() -> None:
    """Rows are the truth: their counts in reading order, and how much of each was found."""
    said = words(confusion())
    assert [word for word in said if word.isdigit()] == ["2", "1", "4"]
    for name in ("hop, 67 %", "wave & bow, 100 %", "kneel, no clips", "A < B"):
        assert name in said


def test_a_class_may_be_called_as_a_formula_is() -> None:
    """Its name is drawn as it stands."""
    name = r"a$\\foo$b"
    svg = draw_confusion("$x", (0, 1), (0, 1), (name, "hop"))
    assert any(word.startswith(name) for word in words(svg))
    assert "$x" in words(svg)


def test_a_confusion_matrix_is_shaded_by_the_share_of_its_row() -> None:
    """Four of four is drawn darkest, one of three lightest, whatever the counts."""
    fills = re.findall(r'style="fill: #(\w{6}); stroke: #\1', confusion())
    shades = [int(fill[:2], 16) for fill in fills]
    two_of_three, one_of_three, four_of_four = shades
    assert four_of_four < two_of_three < one_of_three


def test_early_curves_say_where_they_begin_and_end() -> None:
    """The legend names every model with its first and last accuracy."""
    said = words(early())
    assert "random: 12.2, 50.0" in said
    assert "ours: 31.2, 91.8" in said


def test_precision_recall_says_how_much_of_a_class_is_ever_found() -> None:
    """A class of which nothing was proposed stays in the legend, at 0."""
    said = words(precision_recall())
    assert "hop: 50" in said
    assert "kneel: 0" in said


def test_maps_show_the_same_classes_and_evenly_chosen_clips() -> None:
    """Every class once in the legend; of many clips every second one is drawn, and counted."""
    assert [word for word in words(feature_maps()) if word in CLASSES] == list(CLASSES)
    many = 2 * MOST_DOTS
    drawn = FeatureMap(tuple((float(x), 0.0) for x in range(many)), (0,) * many)
    assert f"many: {MOST_DOTS} clips" in words(draw_feature_maps("Maps", {"many": drawn}, ("hop",)))
