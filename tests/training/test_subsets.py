"""Subsets keep the classes' proportions, and are the same for the same seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.pose.store import StoreError
from training.subsets import share_of_each_class, some_of_each_class

Labels = st.lists(st.integers(0, 4), min_size=1, max_size=80).map(lambda x: np.array(x, np.int64))


@given(Labels, st.floats(0.5, 100), st.integers(0, 99))
def test_a_share_is_that_of_each_class(
    labels: np.ndarray[tuple[int], np.dtype[np.int64]], percent: float, seed: int
) -> None:
    """Of n clips of a class the nearest number to its share stays, at least one, in order."""
    places = [10 * place for place in range(len(labels))]
    kept = share_of_each_class(places, labels, percent, seed)
    of_class = np.bincount(labels[[place // 10 for place in kept]], minlength=5)

    assert kept == sorted(set(kept))
    for label, size in enumerate(np.bincount(labels, minlength=5)):
        assert of_class[label] == (max(round(size * percent / 100), 1) if size else 0)
    assert kept == share_of_each_class(places, labels, percent, seed)


@given(Labels, st.integers(0, 99))
def test_a_larger_share_keeps_what_a_smaller_one_keeps(
    labels: np.ndarray[tuple[int], np.dtype[np.int64]], seed: int
) -> None:
    """Rows of one seed at 5, 10 and 20 % differ by clips that are added, not exchanged."""
    places = list(range(len(labels)))
    shares = [set(share_of_each_class(places, labels, percent, seed)) for percent in (5, 10, 20)]

    assert shares[0] <= shares[1] <= shares[2]


def test_shots_are_so_many_of_each_class() -> None:
    """Class by class, never the same clip twice; another draw gives others; too few are refused."""
    labels = np.repeat([2, 0, 1], 20)
    generator = np.random.default_rng(0)
    drawn = some_of_each_class(labels, 5, generator)

    assert labels[drawn].tolist() == [0] * 5 + [1] * 5 + [2] * 5
    assert len(set(drawn.tolist())) == 15
    assert set(drawn.tolist()) != set(some_of_each_class(labels, 5, generator).tolist())
    with pytest.raises(StoreError, match="at least 21 clips of each class, class 0 has 20"):
        some_of_each_class(labels, 21, generator)
