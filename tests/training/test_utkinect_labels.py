"""The erratum of UTKinect's labels."""

from pathlib import Path

import numpy as np
import pytest

from model.pose.store import LEFT_OUT
from training.readers.utkinect_labels import LABELS, Span, label_frames, read_spans

OTHERS = "walk sitDown standUp pickUp carry pull waveHands clapHands".split()


@pytest.fixture
def labels_path(tmp_path: Path) -> Path:
    """Two recordings with the push that begins before the throw, far from all other actions."""
    lines = []
    for name in ("s03_e01", "s03_e02"):
        lines += [name, "throw: 3226 3282", "push: 2556 3622"]
        lines += [f"{word}: {10 * place} {10 * place + 4}" for place, word in enumerate(OTHERS)]
    path = tmp_path / "actionLabel.txt"
    path.write_text("\n".join(lines))
    return path


def _said(path: Path, recording: str, *numbers: int) -> list[str]:
    labels = label_frames(np.array(numbers), read_spans(path, recording))
    return ["left out" if label == LEFT_OUT else LABELS[label] for label in labels]


def test_the_misprinted_push_of_s03_e01_is_left_out_before_3556(labels_path: Path) -> None:
    """2556…3555 is neither push nor background, but the throw within it stays; 3556… is push."""
    assert _said(labels_path, "s03_e01", 2554, 2556, 3224, 3226, 3282, 3284, 3554, 3556, 3622) == [
        *("background", "left out", "left out", "throw", "throw", "left out", "left out"),
        *("push", "push"),
    ]


def test_only_that_recording_is_corrected(labels_path: Path) -> None:
    """The same numbers in any other recording are taken as they are written."""
    spans = read_spans(labels_path, "s03_e02")

    assert Span(LABELS.index("push"), (2556, 3622)) in spans
    assert _said(labels_path, "s03_e02", 2556, 3250, 3554) == ["push", "throw", "push"]
