"""The vocabulary: one file that says of every label what it is, and refuses what does not fit."""

from pathlib import Path

import pytest

from model.pose.store import DataSet
from tests.training.everyday import made_up
from training.everyday.films import read_films
from training.everyday.vocabulary import Meaning, VocabularyError, read_vocabulary
from training.readers.bandai_namco import BandaiNamcoReader
from training.readers.hdm05 import HDM05Reader
from training.readers.msr_action3d import MSRAction3DReader
from training.readers.nw_ucla import NWUCLAReader
from training.readers.utd_mhad import UTDMHADReader
from training.readers.utkinect import UTKinectReader

READERS = (
    NWUCLAReader,
    UTDMHADReader,
    UTKinectReader,
    MSRAction3DReader,
    HDM05Reader,
    BandaiNamcoReader,
)


def test_every_label_of_every_data_set_has_a_meaning() -> None:
    """The shipped file knows exactly the labels that the readers give."""
    vocabulary = read_vocabulary()
    for reader in READERS:
        assert len(vocabulary.of(reader.data_set)) == len(reader.data_set.labels)
    assert 20 <= len(vocabulary.actions) <= 35
    assert vocabulary.labels[0] == "background"


def test_every_action_is_shown_by_some_label_and_some_labels_are_kept_for_the_unknown() -> None:
    """No class without data; unknown actions are no class, and no background either.

    What films alone show, of one person, is experimental.
    """
    vocabulary = read_vocabulary()
    meanings = [meaning for table in vocabulary.meanings.values() for meaning in table.values()]
    shown = {meaning.label for meaning in meanings if meaning.use == "action"}
    films = [film for film in read_films(vocabulary).values() if film.use == "train"]
    filmed = {span.label for film in films for span in film.spans}
    assert shown | filmed == set(range(1, len(vocabulary.labels)))
    assert {vocabulary.labels[label] for label in filmed - shown} <= set(vocabulary.experimental)
    unknown = [meaning for meaning in meanings if meaning.use == "unknown"]
    assert 3 <= len(unknown)
    assert all(meaning.label is None for meaning in unknown)


def test_a_mirror_swaps_left_and_right_and_nothing_else() -> None:
    """Twice is the identity; only actions that name a side or a direction change."""
    vocabulary = read_vocabulary()
    mirror, labels = vocabulary.mirror, vocabulary.labels
    assert [mirror[other] for other in mirror] == list(range(len(labels)))
    for label, other in enumerate(mirror):
        swapped = {"left": "right", "right": "left"}
        words = [swapped.get(word, word) for word in labels[label].split()]
        assert labels[other].split() == words


@pytest.mark.parametrize(
    ("line", "other", "sentence"),
    [
        ('wave = "wave"', 'wave = "waive"', r"data\.hdm05\.'wave': .* got 'waive'"),
        ("wave = {}", "wave = { cyclical = true }", "cyclical"),
        ('mirror = "raise right arm"', 'mirror = "wave"', r"actions\.'raise left arm': .* 'wave'"),
        ("walk = { cyclic = true }", "background = {}", "'background' is a word of its own"),
        ("[actions]", "[actions", "expected actions and data"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_by_its_key(
    tmp_path: Path, line: str, other: str, sentence: str
) -> None:
    """One sentence names the file and the key."""
    path = tmp_path / "words.toml"
    assert line in made_up.VOCABULARY
    path.write_text(made_up.VOCABULARY.replace(line, other, 1))
    with pytest.raises(VocabularyError, match=sentence) as refused:
        read_vocabulary(path)
    assert "words.toml" in str(refused.value)


def test_a_data_set_that_does_not_fit_is_refused_by_its_label(tmp_path: Path) -> None:
    """Labels that either side lacks, and data sets that the file lacks, are named."""
    path = tmp_path / "words.toml"
    path.write_text(made_up.VOCABULARY)
    vocabulary = read_vocabulary(path)

    def of(name: str, labels: tuple[str, ...]) -> tuple[Meaning, ...]:
        return vocabulary.of(DataSet(name, "kinect20", 30.0, labels, "made up"))

    assert of("hdm05", made_up.LABELS)[LABELS_OF_NOD] == Meaning("background", 0)
    with pytest.raises(VocabularyError, match=r"words\.toml.*data\.hdm05, which lacks 'hop'"):
        of("hdm05", (*made_up.LABELS, "hop"))
    with pytest.raises(VocabularyError, match=r"words\.toml.*data\.hdm05, which has 'muddle'"):
        of("hdm05", made_up.LABELS[:-1])
    with pytest.raises(VocabularyError, match=r"words\.toml: expected a table data\.ntu60"):
        of("ntu60", made_up.LABELS)


LABELS_OF_NOD = made_up.LABELS.index("nod")
