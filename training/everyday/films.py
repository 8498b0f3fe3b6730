"""Films: what is done in the real videos and when, as ``films.toml`` says.

It knows names, seconds and classes, and no keypoint.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from model.pose.store import LEFT_OUT
from training.everyday.vocabulary import BACKGROUND, Vocabulary

PATH = Path(__file__).with_name("films.toml")

Use = Literal["train", "fit", "test"]
"""What a film may be used for: ``train`` is learnt from, ``test`` is for the last run alone."""


class FilmError(ValueError):
    """The list of films contradicts itself or the vocabulary; the sentence names file and key."""


@dataclass(frozen=True)
class Span:
    """Something that is done once.

    Attributes:
        label: Its class.
        begin_s: Its first second.
        end_s: Its last.
    """

    label: int
    begin_s: float
    end_s: float


@dataclass(frozen=True)
class Film:
    """What one video shows.

    Attributes:
        what: For a reader.
        use: What it may be used for.
        rest: The class of all frames outside of the spans, or ``LEFT_OUT``.
        spans: In order of time, none within another.
    """

    what: str
    use: Use
    rest: int
    spans: tuple[Span, ...]

    def labels(self, times_ms: NDArray[np.float64]) -> NDArray[np.int16]:
        """What frames show, ``(F,)`` milliseconds after the beginning → ``(F,)``.

        Classes, or ``LEFT_OUT``.
        """
        labels = np.full(len(times_ms), self.rest, np.int16)
        for span in self.spans:
            within = (times_ms >= 1000 * span.begin_s) & (times_ms <= 1000 * span.end_s)
            labels[within] = span.label
        return labels


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    what: str
    use: Use
    rest: str = BACKGROUND
    spans: list[tuple[str, float, float]] = []


def read_films(vocabulary: Vocabulary, path: Path = PATH) -> Mapping[str, Film]:
    """Reads what each video shows, by its name.

    Raises:
        FilmError: It is no TOML file of this form, a label is not the vocabulary's, or spans
            overlap.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        entries = msgspec.convert(content, dict[str, _Entry])
    except (OSError, ValueError) as error:
        raise FilmError(f"{path}: expected films, but {error}") from error
    return {name: _film(f"{path.name}, {name}", each, vocabulary) for name, each in entries.items()}


def _film(key: str, entry: _Entry, vocabulary: Vocabulary) -> Film:
    classes = {name: label for label, name in enumerate(vocabulary.labels)}
    classes["left out"] = LEFT_OUT
    for label in (entry.rest, *(span[0] for span in entry.spans)):
        if label not in classes:
            raise FilmError(f"{key}: expected an action, background or left out, got {label!r}")
    spans = tuple(Span(classes[label], begin, end) for label, begin, end in entry.spans)
    edges = [second for span in spans for second in (span.begin_s, span.end_s)]
    if edges != sorted(edges):
        raise FilmError(f"{key}: expected spans one after another, got seconds {edges}")
    return Film(entry.what, entry.use, classes[entry.rest], spans)
