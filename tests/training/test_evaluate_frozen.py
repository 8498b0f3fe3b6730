"""Tasks on frozen features agree with plain definitions and touch no clip that they must not."""

import json
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.pose.store import DataSet, PoseStore, StoreError
from model.pose.store_writer import PoseStoreWriter
from tests.training.protocol_store import (
    IN_PICTURES,
    LABELS,
    clip,
    write_encoder,
    write_protocol_store,
)
from training.__main__ import main
from training.clip_evaluation import _command
from training.clip_source import ClipBatch, ClipSource
from training.evaluate_few_shot import few_shot, nearest_mean
from training.evaluate_knn import nearest
from training.evaluate_linear import feature_map
from training.frozen_streams import Frozen, open_stream
from training.probes import Descent, descended, logistic
from training.protocols import protocol_named
from training.representation import Labelled, observed_frames, whole_clips
from training.results import read_result

PROTOCOL = "utd_mhad/cross-subject"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def odd_and_even(tmp_path_factory: pytest.TempPathFactory) -> PoseStore:
    return write_protocol_store(tmp_path_factory.mktemp("protocol") / "store")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("encoder") / "pretrained.ckpt")


@pytest.fixture(scope="module")
def frozen(odd_and_even: PoseStore, encoder: Path) -> Frozen:
    """Two streams of different weights over the store."""
    first = open_stream(encoder, odd_and_even, project=False)
    partition = protocol_named(PROTOCOL).partition(odd_and_even)
    both = Frozen((first, first), partition, LABELS, seed=1)
    return Frozen((first, both.randomised(7).streams[0]), partition, LABELS, seed=1)


def labelled_of(features: list[list[float]], labels: list[int]) -> Labelled:
    subjects = np.arange(len(labels)) % 2
    return Labelled(np.array(features, np.float32), np.array(labels, np.int64), subjects)


def test_the_nearest_neighbour_is_the_largest_mean_cosine(frozen: Frozen) -> None:
    """Clip by clip in plain NumPy, over two streams; classes, truth and accuracy follow."""
    gallery, queries = frozen.training(), frozen.asked()

    def cosine(left: NDArray[np.float32], right: NDArray[np.float32]) -> float:
        return float(left @ right / np.linalg.norm(left) / np.linalg.norm(right))

    expected = [
        gallery[0].labels[
            np.argmax(
                [
                    sum(
                        cosine(queries[s].features[asked], gallery[s].features[known])
                        for s in range(2)
                    )
                    for known in range(len(gallery[0].labels))
                ]
            )
        ]
        for asked in range(len(queries[0].labels))
    ]
    outcome = nearest(frozen)

    assert outcome.predicted.tolist() == expected
    assert outcome.values[""] == pytest.approx(100 * np.mean(expected == queries[0].labels))


def test_few_shots_go_to_the_nearest_mean_by_hand() -> None:
    """Class means (1, 0) and (0, 1) after each feature has length 1; ties are not made here."""
    known = labelled_of([[5, 0], [1, 0], [0, 2], [9, 9]], [3, 3, 8, 8])
    asked = labelled_of([[2, 1], [1, 30], [-1, 1]], [3, 8, 8])

    assert nearest_mean([known], np.array([0, 1, 2]), [asked]).tolist() == [3, 8, 8]
    # A second stream that is sure of the opposite of what the first one doubts wins.
    sure = labelled_of([[0, 1]], [3])
    first = labelled_of([[1.0, 0.9]], [3])
    assert nearest_mean([known, known], np.array([0, 2]), [first, sure]).tolist() == [8]


def test_the_deviation_over_draws_is_that_of_a_sample(
    frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 2 draws half their difference times the root of 2; one draw has none."""
    answers = iter((60.0, 70.0) * 3)
    monkeypatch.setattr("training.evaluate_few_shot.accuracy", lambda *_: next(answers))
    values = few_shot(frozen, draws=2).values
    assert [values[f".{shots}.deviation"] for shots in (1, 3, 5)] == pytest.approx([50**0.5] * 3)
    monkeypatch.setattr("training.evaluate_few_shot.accuracy", lambda *_: 60.0)
    assert set(few_shot(frozen, draws=1).values) == {".1", ".3", ".5"}


def test_probes_of_both_kinds_find_a_line_and_know_absent_classes() -> None:
    """Separable classes are told; a class without clips has probability 0 from the regression."""
    draw = np.random.default_rng(0)
    labels = np.arange(60) % 2 * 2
    features = (draw.normal(size=(60, 4)) + 4 * labels[:, None]).astype(np.float32)
    train = Labelled(features, labels, np.arange(60) % 5)
    plain = logistic(train, 4)(features)
    walked = descended(train, 4, Descent(learning_rate=0.03))(features)

    assert plain.argmax(axis=1).tolist() == walked.argmax(axis=1).tolist() == labels.tolist()
    assert not plain[:, [1, 3]].any()
    np.testing.assert_allclose(plain.sum(axis=1), 1)
    np.testing.assert_array_equal(walked, descended(train, 4, Descent(0.03))(features))


def test_what_comes_later_is_not_observed(odd_and_even: PoseStore) -> None:
    """A clip at 40 % is that of its first frames alone, at least one, resized like any other."""
    source = ClipSource([odd_and_even], "kinect20", "kinect-3d", 1)
    batch = source.read([0])
    frames = int(np.ceil(0.4 * int(batch.lengths[0])))
    beginning = next(whole_clips(source, [0], frames, torch.device("cpu"), 0.4))

    torch.testing.assert_close(beginning, batch.clips[:, :, :frames])
    single = next(whole_clips(source, [0], 3, torch.device("cpu"), 0.001))
    torch.testing.assert_close(single, batch.clips[:, :, :1].expand(-1, -1, 3, -1, -1))


def test_a_crop_is_of_its_own_frames_and_ends_within_the_clip(odd_and_even: PoseStore) -> None:
    """What comes before is left out; a crop that would go beyond the end begins earlier."""
    source = ClipSource([odd_and_even], "kinect20", "kinect-3d", 1)
    batch = source.read([0])
    length = int(batch.lengths[0])
    first, kept = int(length * 0.25), int(np.ceil(0.5 * length))
    here = torch.device("cpu")
    middle = next(whole_clips(source, [0], kept, here, 1.0, 0.5, 0.25))
    torch.testing.assert_close(middle, batch.clips[:, :, first : first + kept])
    last = next(whole_clips(source, [0], kept, here, 1.0, 0.5, 0.9))
    torch.testing.assert_close(last, batch.clips[:, :, length - kept : length])


@pytest.mark.parametrize("percent", range(10, 101, 10))
def test_a_share_of_a_clip_is_counted_as_whole_numbers_are(percent: int) -> None:
    """Of every length the frames of integer arithmetic, rounded up, not one more."""
    lengths = torch.arange(1, 2000)
    torch.testing.assert_close(
        observed_frames(lengths, percent / 100), (lengths * percent + 99) // 100
    )


@pytest.mark.parametrize("task", ["linear", "knn", "few-shot", "early"])
def test_each_task_writes_its_figures_and_choosing_reads_no_test_clip(
    task: str,
    odd_and_even: PoseStore,
    encoder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With --choosing every clip that is read is of an odd subject; figures go by --name."""
    read: set[int] = set()
    plainly = ClipSource.read

    def noting(
        source: ClipSource, places: Sequence[int] | NDArray[np.int64], observed: float = 1.0
    ) -> ClipBatch:
        read.update(source.entry(int(place)).subject for place in places)
        return plainly(source, places, observed)

    monkeypatch.setattr(ClipSource, "read", noting)
    options = ["--protocol", PROTOCOL, "--store", str(odd_and_even.path), "--name", "made.up"]
    options += ["--pretrained", str(encoder), str(encoder), "--out", str(tmp_path), "--choosing"]
    options += ["--draws", "5"] if task == "few-shot" else []
    assert main(["evaluate", task, *options, "--json"]) == 0
    result = read_result(tmp_path / "made.up.json")
    said = json.loads(capsys.readouterr().out.splitlines()[-1])

    assert read == {1, 3, 5, 7}
    assert result.choosing
    assert result.task == task
    assert said == {figure.name: figure.value for figure in result.figures}
    suffixes = {
        "few-shot": {f".{n}{end}" for n in (1, 3, 5) for end in ("", ".deviation")},
        "early": {f".{percent}" for percent in range(10, 101, 10)},
    }.get(task, {""})
    assert {f"made.up{suffix}" for suffix in suffixes} == said.keys()
    best = "made.up" if task in ("linear", "knn") else f"made.up.{'5' if 'few' in task else '100'}"
    assert said[best] > 60


def test_random_weights_are_a_mean_over_seeds_that_can_be_had_again(
    odd_and_even: PoseStore, encoder: Path, tmp_path: Path
) -> None:
    """The same command gives the same; its note tells of the seeds; the file's weights differ."""

    def value(name: str, *options: str) -> float:
        arguments = ["--protocol", PROTOCOL, "--store", str(odd_and_even.path), "--name", name]
        arguments += ["--pretrained", str(encoder), "--out", str(tmp_path), *options]
        assert main(["evaluate", "few-shot", "--draws", "3", *arguments]) == 0
        return read_result(tmp_path / f"{name}.json").figures[0].value

    first, again = value("one", "--random-weights", "2"), value("two", "--random-weights", "2")

    assert first == again != value("three")
    result = read_result(tmp_path / "one.json")
    assert result.notes[-1] == "Mean and deviation of 2 encoders with random weights."
    assert sorted(figure.name for figure in result.figures) == [
        *("one.1", "one.1.deviation", "one.3", "one.3.deviation", "one.5", "one.5.deviation"),
    ]


def test_encoders_of_pictures_and_of_space_read_one_store(
    odd_and_even: PoseStore, encoder: Path, tmp_path: Path
) -> None:
    """Across kinds of skeletons: 2D keypoints of 17 joints, and space without its depth."""
    pictures = write_encoder(tmp_path / "pictures.ckpt", IN_PICTURES)
    arguments = ["--protocol", PROTOCOL, "--store", str(odd_and_even.path), "--out", str(tmp_path)]
    for name, file in (("pictures", pictures), ("flat", encoder)):
        options = ["--pretrained", str(file), "--name", name, "--project"]
        assert main(["evaluate", "knn", *arguments, *options]) == 0
        assert read_result(tmp_path / f"{name}.json").figures[0].value > 50


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"--protocol": "ntu"}, "protocol 'ntu' is unknown; known are"),
        ({"--protocol": "hdm05/cross-subject"}, "is for hdm05, this store holds utd_mhad"),
        ({"--store": "nowhere"}, "nowhere: expected a prepared store"),
        ({"--pretrained": "no.ckpt"}, "no.ckpt: expected"),
        ({"--pretrained": "text.ckpt"}, "text.ckpt: expected"),
        ({"--name": "a/b"}, "expected a name of letters, digits, dots, dashes and underscores"),
        ({"--random-weights": "0"}, "expected a whole number of at least 1, got '0'"),
        ({"--seed": "-1"}, "expected a whole number of at least 0, got '-1'"),
        ({"--seed": "4294967296"}, "expected a seed of at most 4294967295, got 4294967296"),
        ({"--modalities": "motion"}, "expected an encoder of motion or of all modalities"),
        ({"--modalities": "bone bone"}, "--modalities: expected each once, got bone bone"),
        ({"--modalities": "colour"}, "invalid choice: 'colour'"),
        ({"--probe": "forest"}, "invalid choice: 'forest'"),
        ({"--probe-rate": "0"}, "expected a number above 0, got '0'"),
    ],
)
def test_bad_input_is_exit_2_and_one_sentence(
    changed: dict[str, str],
    sentence: str,
    odd_and_even: PoseStore,
    encoder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No traceback, and no result."""
    monkeypatch.chdir(tmp_path)
    Path("text.ckpt").write_text("hello")
    options = {
        "--protocol": PROTOCOL,
        "--store": str(odd_and_even.path),
        "--pretrained": str(encoder),
        "--name": "x",
        "--out": "out",
    } | changed
    words = (word for option, value in options.items() for word in (option, *value.split()))
    assert exit_status(["evaluate", "linear", *words])
    said = capsys.readouterr().err.splitlines()

    assert len(said) == 1
    assert sentence in said[0]
    assert not Path("out").exists()


@pytest.mark.parametrize("task", ["linear", "early"])
def test_a_store_of_one_class_is_refused_and_one_subject_cannot_choose(
    task: str, tmp_path: Path, encoder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing to tell apart is a sentence; folds that lack a class leave the choice to others."""

    def written(name: str, classes: tuple[int, ...]) -> Path:
        data_set = DataSet("utd_mhad", "kinect20", 30.0, LABELS, "made up")
        with PoseStoreWriter(tmp_path / name, data_set) as writer:
            for subject in (1, 2, 3):
                for label in classes if subject < 3 else classes[:1]:
                    writer.append(clip(subject, label, 0, 20))
        return tmp_path / name

    def asked(store: Path, *more: str) -> bool:
        options = ["--protocol", PROTOCOL, "--store", str(store), "--name", "x", *more]
        options += ["--pretrained", str(encoder), "--out", str(tmp_path / "results")]
        return exit_status(["evaluate", task, *options])

    assert asked(written("one", (1,)))
    (said,) = capsys.readouterr().err.splitlines()
    assert "expected training clips of two classes or more to tell apart, got 2 of class 1" in said
    assert not asked(written("two", (0, 1)))


def test_an_encoder_of_other_joints_than_it_says_it_reads_is_refused(
    odd_and_even: PoseStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one sentence that has both numbers."""
    content = torch.load(write_encoder(tmp_path / "x.ckpt"), weights_only=True)
    content["reading"]["layout"] = "coco17"
    torch.save(content, tmp_path / "x.ckpt")
    options = ["--protocol", PROTOCOL, "--store", str(odd_and_even.path), "--name", "x"]
    options += ["--pretrained", str(tmp_path / "x.ckpt"), "--out", str(tmp_path)]
    assert exit_status(["evaluate", "knn", *options])
    (said,) = capsys.readouterr().err.splitlines()
    assert said.endswith("expected the 17 joints of layout coco17, got an encoder of 20")


def test_clips_that_are_all_alike_have_no_map() -> None:
    """One sentence, where t-SNE would end the process."""
    alike = labelled_of([[1.0, 2.0]] * 6, [0, 1, 0, 1, 0, 1])
    with pytest.raises(StoreError, match="--map: expected clips to tell apart, got 6 that are"):
        feature_map([alike], seed=1)


def test_the_command_beside_a_figure_spells_out_a_seed_of_nought() -> None:
    """What is not given is left out, and a switch that is off; a number never."""
    args = Namespace(seed=0, draws=1, through=None, project=False, name="a", out=Path("o"))
    words = "python -m training evaluate few-shot --seed 0 --draws 1 --name a --out o"
    assert _command(args, "few-shot") == words


def exit_status(arguments: list[str], run: Callable[[list[str]], int] = main) -> bool:
    """Whether a command ends with exit status 2, be it argparse's own or ours."""
    try:
        status = run(arguments)
    except SystemExit as ended:
        status = int(ended.code or 0)
    return status == 2
