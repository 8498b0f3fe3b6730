"""What real videos show, and how they are learnt from."""

from pathlib import Path

import numpy as np
import pytest

from model.pose.layout import layout_named
from model.pose.store import LEFT_OUT
from training.everyday.filmed import FilmedPeople
from training.everyday.films import FilmError, read_films
from training.everyday.picture_recording import PictureRecording
from training.everyday.pretraining import READING, TIMING
from training.everyday.vocabulary import read_vocabulary

VOCABULARY = read_vocabulary()
SKELETON = layout_named(READING.layout)
FALL, WALK = VOCABULARY.labels.index("fall"), VOCABULARY.labels.index("walk")


def written(folder: Path, text: str) -> Path:
    path = folder / "films.toml"
    path.write_text(text)
    return path


def striding(name: str, seconds: float = 6.0) -> PictureRecording:
    """Somebody at 18 frames a second whose left ankle alone moves, to the right."""
    times_ms = np.arange(0, seconds * 1000, 1000 / 18)
    keypoints = np.ones((len(times_ms), len(SKELETON.joints), 4), np.float32)
    keypoints[..., 0] = 100 + 10 * np.arange(len(SKELETON.joints))
    keypoints[..., 1] = 50 + 15 * np.arange(len(SKELETON.joints))
    keypoints[:, SKELETON.joints.index("left_ankle"), 0] = 200 + times_ms / 20
    return PictureRecording(name, SKELETON, (640, 480), times_ms, keypoints)


def test_frames_have_the_label_of_their_span(tmp_path: Path) -> None:
    """Both ends belong to a span; all else is the rest, background unless said otherwise."""
    path = written(
        tmp_path,
        '[a]\nwhat = "w"\nuse = "train"\nspans = [["fall", 0.5, 1.0]]\n'
        '[b]\nwhat = "w"\nuse = "fit"\nrest = "left out"\nspans = [["walk", 1, 2]]\n',
    )
    films = read_films(VOCABULARY, path)
    times_ms = np.array([0.0, 499, 500, 1000, 1001, 2000])
    assert films["a"].labels(times_ms).tolist() == [0, 0, FALL, FALL, 0, 0]
    assert films["b"].labels(times_ms).tolist() == [*3 * [LEFT_OUT], *3 * [WALK]]


def test_only_trial_2_is_learnt_from() -> None:
    """UP-Fall's trial 1 is for the test alone, and shows the same eleven activities."""
    films = read_films(VOCABULARY)
    assert {name.split("_")[2] for name, film in films.items() if film.use == "train"} == {"trial2"}
    tests = [name for name, film in films.items() if film.use == "test"]
    assert tests == [f"upfall_activity{number}_trial1_cam1" for number in range(1, 12)]
    for name in tests:
        assert films[name.replace("trial1", "trial2")].what == films[name].what


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[a]\nwhat = "w"\nuse = "tests"\n', "Invalid enum value 'tests'"),
        ('[a]\nwhat = "w"\nuse = "fit"\nrest = "fly"\n', "got 'fly'"),
        (
            '[a]\nwhat = "w"\nuse = "fit"\nspans = [["walk", 1, 3], ["run", 2, 4]]\n',
            r"films.toml, a: expected spans one after another, got seconds \[1",
        ),
        ("[a", "expected films, but"),
    ],
)
def test_a_list_that_contradicts_itself_is_refused(text: str, said: str, tmp_path: Path) -> None:
    """One sentence names the film."""
    with pytest.raises(FilmError, match=said):
        read_films(VOCABULARY, written(tmp_path, text))


def test_a_recording_is_seen_as_it_was_but_for_what_a_camera_changes(tmp_path: Path) -> None:
    """Labels stay with their frames whatever the speed, mirrored pictures swap sides.

    What is kept: distances between joints. What a desk hides: knees and ankles, perhaps hips.
    """
    path = written(
        tmp_path,
        '[a]\nwhat = "w"\nuse = "train"\nspans = [["raise left arm", 2, 3]]\n'
        '[b]\nwhat = "w"\nuse = "test"\n',
    )
    recording = striding("a")
    filmed = FilmedPeople(
        [recording, striding("b")],
        read_films(VOCABULARY, path),
        SKELETON,
        VOCABULARY.mirror,
    )
    assert filmed.names == ("a",)
    left, right = (VOCABULARY.labels.index(f"raise {side} arm") for side in ("left", "right"))
    joints = SKELETON.joints
    shoulders = [joints.index(f"{side}_shoulder") for side in ("left", "right")]
    apart = np.ptp(recording.keypoints[0, shoulders, :2], axis=0)
    generator, labels, hidden = np.random.default_rng(0), set(), []
    for _ in range(40):
        seen = filmed.see(TIMING, generator)
        said = set(np.unique(seen.labels).tolist()) - {0}
        assert said in ({left}, {right})
        labels |= said
        share = float(np.mean(seen.labels != 0))
        assert share == pytest.approx(1 / 6, abs=0.07)
        between = np.diff(seen.keypoints[:, 0, shoulders, :2], axis=1)
        assert np.allclose(np.linalg.norm(between, axis=-1), np.linalg.norm(apart), rtol=1e-4)
        hidden.append(bool((seen.keypoints[:, 0, joints.index("left_knee"), 3] == 0).all()))
    assert labels == {left, right}
    assert 0 < sum(hidden) < 30
    first, second = (filmed.see(TIMING, np.random.default_rng(3)).keypoints for _ in range(2))
    assert np.array_equal(first, second)


def test_a_film_without_its_recording_is_named(tmp_path: Path) -> None:
    """So is a list of films of which none trains."""
    path = written(tmp_path, '[a]\nwhat = "w"\nuse = "train"\n')
    with pytest.raises(FilmError, match="expected a recording of a, got b"):
        FilmedPeople([striding("b")], read_films(VOCABULARY, path), SKELETON, VOCABULARY.mirror)
    with pytest.raises(FilmError, match="there is none"):
        FilmedPeople([], {}, SKELETON, VOCABULARY.mirror)


def test_other_spans_or_a_cut_recording_are_not_the_same_films(tmp_path: Path) -> None:
    """A run must not go on with other labels; a span behind a recording's end is refused."""
    text = '[a]\nwhat = "w"\nuse = "train"\nspans = [["walk", 2, {end}]]\n'

    def of(end: float, seconds: float = 6.0) -> FilmedPeople:
        films = read_films(VOCABULARY, written(tmp_path, text.format(end=end)))
        return FilmedPeople([striding("a", seconds)], films, SKELETON, VOCABULARY.mirror)

    assert of(3).digest == of(3).digest != of(3.5).digest
    with pytest.raises(FilmError, match=r"a: expected a recording of 2 s at least, .* got 1\.4 s"):
        of(3, seconds=1.5)
