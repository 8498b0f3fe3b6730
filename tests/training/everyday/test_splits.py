"""Splits: nobody in two parts, whole people with all their views, and enough of them."""

from pathlib import Path

import numpy as np
import pytest

from model.pose.store import UNKNOWN_SUBJECT, DataSet, PoseClip, PoseStore
from model.pose.store_writer import PoseStoreWriter
from tests.training.everyday import made_up
from training.everyday.coverage import coverage
from training.everyday.splits import PARTS, PATH, SplitError, held_out, read_splits, who
from training.everyday.vocabulary import read_vocabulary
from training.prepare import READERS
from training.readers.reader import ReadingError
from training.splits import UTKINECT

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"
DATA_SETS = ("nw_ucla", "utd_mhad", "utkinect", "msr_action3d", "hdm05", "bandai_namco")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> list[PoseStore]:
    """Every clip of the real data sets, cut down to two frames."""
    if not all((DATA / name).is_dir() for name in DATA_SETS):
        pytest.skip("the recordings are not here")
    stores = []
    for name in DATA_SETS:
        reader = READERS[name](DATA / name)
        path = tmp_path_factory.mktemp("short") / name
        with PoseStoreWriter(path, reader.data_set) as writer:
            for file in reader.files():
                try:
                    writer.append(made_up.cut_short(reader.read(file)))
                except ReadingError:
                    continue  # Broken files are what the tests of the readers are about.
        stores.append(PoseStore(path))
    return stores


def test_every_clip_is_in_one_part_and_everybody_with_all_their_clips(
    recorded: list[PoseStore],
) -> None:
    """The parts share no person and leave nobody out, whatever camera saw them."""
    splits = read_splits()
    for store in recorded:
        places = {part: splits.places(store, part) for part in PARTS}
        assert sorted(sum(places.values(), ())) == list(range(len(store)))
        people = [{who(store.entries[place]) for place in places[part]} for part in PARTS]
        assert sum(map(len, people)) == len(set.union(*people))
        if store.data_set.name == "nw_ucla":
            views = {store.entries[place].view for place in places["test"]}
            assert views == {1, 2, 3}


def test_what_is_held_out_has_a_hash_of_its_own(tmp_path: Path) -> None:
    """Whatever the order; another person, or another action kept from training, is another."""
    words, people = tmp_path / "v.toml", tmp_path / "s.toml"

    def hashed(vocabulary: str, splits: str) -> str:
        words.write_text(vocabulary)
        people.write_text(splits)
        return held_out(read_splits(people), read_vocabulary(words))

    splits = "[hdm05]\nchoose = [4]\ntest = [5, 3]\n"
    ours = hashed(made_up.VOCABULARY, splits)
    assert ours == hashed(made_up.VOCABULARY, splits.replace("[5, 3]", "[3, 5]"))
    assert ours != hashed(made_up.VOCABULARY, splits.replace("[5, 3]", "[5]"))
    assert ours != hashed(made_up.VOCABULARY.replace('"unknown"', '"background"'), splits)


def test_streams_that_prepare_a_model_of_utkinect_keep_its_protocol() -> None:
    """They hold out whom UTKinect's protocol does, and elsewhere the same people as ever."""
    usual = dict(read_splits().held_out)
    prepared = dict(read_splits(PATH.with_name("splits_utkinect.toml")).held_out)
    utkinect = prepared.pop("utkinect")
    assert usual.pop("utkinect") != utkinect
    assert prepared == usual
    assert (utkinect.choose, utkinect.test) == (UTKINECT.choose, UTKINECT.test)


def test_an_action_is_experimental_where_too_few_people_do_it_and_nowhere_else(
    recorded: list[PoseStore],
) -> None:
    """Three people in training and one held out, or the vocabulary says that it is experimental."""
    vocabulary = read_vocabulary()
    found = coverage(recorded, vocabulary, read_splits())
    few = {action for action, covered in found.items() if not covered.enough}
    assert few == set(vocabulary.experimental)


def test_people_are_counted_once_and_with_their_mirror_image(tmp_path: Path) -> None:
    """Five made-up people: three train; who raises the left arm raises the right in a mirror."""
    (tmp_path / "v.toml").write_text(made_up.VOCABULARY)
    (tmp_path / "s.toml").write_text(made_up.SPLITS)
    store = made_up.write_store(tmp_path / "store")
    found = coverage(
        [store], read_vocabulary(tmp_path / "v.toml"), read_splits(tmp_path / "s.toml")
    )
    assert found["raise right arm"].people["train"] == {("hdm05", who) for who in (1, 2, 3)}
    assert found["raise right arm"].clips.total() == 0
    assert found["raise left arm"].clips == {"hdm05": 20}
    assert found["raise left arm"].enough


def test_styles_stand_for_people_whom_a_data_set_does_not_name(tmp_path: Path) -> None:
    """A held-out style is held out with all contents, and is not counted as a person."""
    names = [
        f"dataset-{number}_{content}_{style}_001"
        for number in (1, 2)
        for content in ("walk", "run")
        for style in ("angry", "happy", "sad")
    ]
    data_set = DataSet("bandai_namco", "bandai22", 30.0, ("walk",), "made up")
    with PoseStoreWriter(tmp_path / "store", data_set) as writer:
        for name in names:
            clip = PoseClip(
                name, np.ones((2, 1, 22, 4), np.float32), np.arange(2.0), UNKNOWN_SUBJECT, label=0
            )
            writer.append(clip)
    (tmp_path / "s.toml").write_text('[bandai_namco]\nchoose = ["sad"]\ntest = ["happy"]\n')
    store = PoseStore(tmp_path / "store")
    splits = read_splits(tmp_path / "s.toml")
    told = {
        part: [names[place].split("_")[2] for place in splits.places(store, part)] for part in PARTS
    }
    assert told == {"train": ["angry"] * 4, "choose": ["sad"] * 4, "test": ["happy"] * 4}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[hdm05]\nchoose = [5]\ntest = [5]\n", r"s\.toml, hdm05: .* got 5"),
        ("[hdm05]\nchoose = [4]\n", r"s\.toml: .*`test`"),
        ("[hdm05]\nchoose = [4]\ntest = [6]\n", r"s\.toml, hdm05: .* is 6"),
        ("[hdm05]\nchoose = [4]\ntest = []\n", r"s\.toml, hdm05: .* nobody to test"),
        ("[utkinect]\nchoose = [4]\ntest = [5]\n", r"s\.toml: expected a table hdm05"),
    ],
)
def test_splits_that_do_not_fit_are_refused_by_file_and_key(
    tmp_path: Path, text: str, sentence: str
) -> None:
    """People in two parts, people who are not there, parts and tables that lack."""
    (tmp_path / "s.toml").write_text(text)
    store = made_up.write_store(tmp_path / "store")
    with pytest.raises(SplitError, match=sentence):
        read_splits(tmp_path / "s.toml").places(store, "test")
