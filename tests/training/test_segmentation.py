"""The dense tasks as commands: what they print, write and refuse, on stores with frame labels."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from model.network.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from model.network.config import EncoderConfig
from model.network.recogniser import Recogniser, RecogniserConfig
from model.pose.artifact import ArtifactSpec, Provenance
from model.pose.layout import layout_named
from model.pose.metrics import edit_score, frame_accuracy, overlap_f1, segments
from model.pose.store import LEFT_OUT, PoseStore
from model.pose.store_writer import PoseStoreWriter
from tests.training.published_forms import pku_files
from training.__main__ import main
from training.dense_evaluation import probabilities
from training.online import FrameLabel
from training.readers.pku_mmd import PKU1, PKUMMDReader
from training.results import read_result

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs ``evaluate`` and gives its status and what it printed and complained."""

    def run(*words: object) -> tuple[int, str, str]:
        status = main(["evaluate", *map(str, words)])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


@pytest.fixture(scope="module")
def pku(tmp_path_factory: pytest.TempPathFactory) -> PoseStore:
    """PKU-MMD in its published form, prepared: the two labels of the one that tests overlap."""
    root = tmp_path_factory.mktemp("pku")
    labels = {"0002-L": (60, "8,10,30,2\n9,25,50,1\n"), "0003-L": (40, "51,5,20,2\n")}
    directory = pku_files(root / "raw", labels, ["0003-L"], ["0002-L"])
    reader = PKUMMDReader(directory, PKU1)
    with PoseStoreWriter(root / "store", reader.data_set) as writer:
        for path in reader.files():
            writer.append(reader.read(path))
    return PoseStore(root / "store")


@pytest.fixture(scope="module")
def untrained(pku: PoseStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of random weights for the store's 52 classes and two persons."""
    torch.manual_seed(0)
    skeleton = layout_named("ntu25")
    encoder = EncoderConfig("dste", joints=25, persons=2, hidden_size=16, frames=24)
    config = RecogniserConfig(encoder, "frames", len(pku.data_set.labels), "joint", ())
    spec = ArtifactSpec(
        name="untrained",
        version="1",
        task="frames",
        layout="ntu25",
        joints=skeleton.joints,
        persons=2,
        frames=24,
        rate_hz=30.0,
        hop_frames=1,
        lookahead_frames=0,
        labels=pku.data_set.labels,
        normalisation="2s-agcn",
        provenance=Provenance("none", "none", "none"),
    )
    path = tmp_path_factory.mktemp("untrained") / "untrained.ckpt"
    save_checkpoint(Checkpoint(Recogniser(config).eval(), msgspec.to_builtins(asdict(spec))), path)
    return path


def test_the_measures_of_segmentation_are_what_a_hand_computes() -> None:
    """Ten frames, three actions.

    Truth 1 1 1 0 2 2 2 2 0 3 is 1, 2, 3; said 1 1 0 0 2 2 1 2 0 0 is 1, 2, 1, 2. Seven of
    ten frames agree: places 0 1 3 4 5 7 8. Edit: 1 2 3 from 1 2 1 2 takes one replacement and one
    deletion of at most 4: 1 − 2/4. Overlaps: 1 with 2/3; the first 2 with 2/4; 1 at place 6 with
    none; the second 2 with 1/4 of a truth that is taken. F1@50: 2 hits of 4 said and 3 true.
    """
    truth = np.array([1, 1, 1, 0, 2, 2, 2, 2, 0, 3])
    said = np.array([1, 1, 0, 0, 2, 2, 1, 2, 0, 0])
    runs = segments(truth), segments(said)

    assert frame_accuracy(truth, said) == pytest.approx(70)
    assert edit_score(*runs) == pytest.approx(50)
    assert overlap_f1([runs], 0.5) == pytest.approx(100 * 2 * 2 / 7)


def test_a_trained_model_finds_the_actions(
    command: Command, store: PoseStore, runs: Path, tmp_path: Path
) -> None:
    """Both tasks print their measures, and the result holds figures and curves by name."""
    options = ["--store", store.path, "--checkpoint", runs / "gru.ckpt", "--out", tmp_path]
    status, printed, _ = command("detection", *options, "--name", "made_up.detection", "--json")
    assert status == 0
    result = read_result(tmp_path / "made_up.detection.json")
    figures = {figure.name: figure for figure in result.figures}

    assert json.loads(printed.splitlines()[-1]) == {k: f.value for k, f in figures.items()}
    assert result.protocol == "utkinect/subjects 2 4 6 8 10"
    assert "5 recordings, 10 true segments" in printed
    by_tiou = [figures[f"made_up.detection.map_a_{percent}"].value for percent in range(10, 91, 10)]
    assert by_tiou == sorted(by_tiou, reverse=True)
    assert [value for _, value in result.curves["map_a"]] == pytest.approx(by_tiou, abs=1e-4)
    assert by_tiou[0] > 50
    recall = [point[0] for point in result.curves["precision at recall: wave"]]
    assert recall == sorted(recall)
    assert figures["made_up.detection.map_v_50"].command.startswith(
        "python -m training evaluate detection --store"
    )

    status, printed, _ = command("segmentation", *options, "--name", "made_up.segmentation")
    assert status == 0
    figures = {f.name: f for f in read_result(tmp_path / "made_up.segmentation.json").figures}
    for field, shown in (("frame_accuracy", "frame accuracy"), ("f1_25", "F1@25")):
        value = figures[f"made_up.segmentation.{field}"].value
        assert f"  {shown:<16}{value:5.1f} %" in printed


def test_a_store_of_pku_mmd_is_evaluated_by_its_split(
    command: Command, pku: PoseStore, untrained: Path, tmp_path: Path
) -> None:
    """One recording tests; its overlapping labels are two true segments, as its owners count."""
    options = ["--store", pku.path, "--checkpoint", untrained, "--split", "xsub_test"]
    options += ["--out", tmp_path, "--name", "pku", "--lookahead-frames", "12"]
    status, printed, _ = command("detection", *options)
    assert status == 0
    assert "1 recordings, 2 true segments" in printed
    result = read_result(tmp_path / "pku.json")
    assert result.protocol == "pku1/xsub_test"
    assert "look-ahead 12 frames" in result.notes[0]

    status, printed, _ = command("segmentation", *options)
    assert (status, "1 recordings, 60 frames" in printed) == (0, True)


def test_a_checkpoint_that_saw_who_tests_is_refused(
    command: Command, store: PoseStore, runs: Path, tmp_path: Path
) -> None:
    """By a protocol: one that saw subjects 2 and 3; one that saw others is measured."""
    found = load_checkpoint(runs / "dste.ckpt")
    seen = {"data": {"utkinect": {"subjects": [2, 3]}}}
    leaked = tmp_path / "leaked.ckpt"
    save_checkpoint(replace(found, provenance=seen), leaked)
    options = ["--store", store.path, "--protocol", "utkinect/cross-subject", "--name", "a"]
    options += ["--out", tmp_path]
    status, _, complaint = command("segmentation", *options, "--checkpoint", leaked)

    assert status == 2
    assert complaint == (
        f"evaluate: {leaked}: expected weights that saw no clip they are asked about by "
        "utkinect/cross-subject, these saw subjects 2\n"
    )
    status, _, _ = command("segmentation", *options, "--checkpoint", runs / "dste.ckpt")
    result = read_result(tmp_path / "a.json")
    assert (status, result.protocol, len(result.notes)) == (0, "utkinect/cross-subject", 1)


def test_whom_a_model_learnt_from_is_no_test(
    command: Command, store: PoseStore, runs: Path, tmp_path: Path
) -> None:
    """Whom one names oneself is asked; the figures say so, and no table takes them."""
    learnt = tmp_path / "learnt.ckpt"
    seen = {"data": {"utkinect": {"subjects": [1, 2]}}}
    save_checkpoint(replace(load_checkpoint(runs / "dste.ckpt"), provenance=seen), learnt)
    for task in ("segmentation", "detection"):
        options = ["--store", store.path, "--checkpoint", learnt, "--subjects", 2]
        status, _, _ = command(task, *options, "--name", task, "--out", tmp_path)
        result = read_result(tmp_path / f"{task}.json")
        assert (status, result.choosing) == (0, True)
        assert "No test: " in result.figures[0].note


def test_recordings_of_which_all_is_left_out_are_refused(
    command: Command, store: PoseStore, runs: Path, tmp_path: Path
) -> None:
    """One sentence that names the store."""
    path = tmp_path / "left_out"
    with PoseStoreWriter(path, store.data_set) as writer:
        for clip in store:
            labels = np.full(len(clip), LEFT_OUT, np.int16)
            writer.append(replace(clip, frame_labels=labels))
    options = ["--store", path, "--checkpoint", runs / "gru.ckpt", "--name", "a"]
    status, _, complaint = command("segmentation", *options, "--out", tmp_path)
    assert status == 2
    assert complaint == (
        f"evaluate: {path}: expected frames with labels, all of them are left out\n"
    )


def test_a_warming_frame_is_background() -> None:
    """Where nothing was said yet, no action is proposed."""
    said = [FrameLabel(0.0, "warming", 0.0), FrameLabel(1.0, "b", 0.7, (("b", 0.7), ("a", 0.3)))]

    labels = ("background", "a", "b")
    assert probabilities(said, labels).tolist() == [[1, 0, 0], [0, 0.3, 0.7]]


@pytest.mark.parametrize("task", ["detection", "segmentation"])
def test_bad_input_gets_one_sentence(
    command: Command, task: str, pku: PoseStore, untrained: Path, runs: Path, tmp_path: Path
) -> None:
    """Who tests is not guessed; classes, splits, look-ahead and names are held to what there is."""
    common = [task, "--store", pku.path, "--out", tmp_path / "out"]
    model = ["--checkpoint", untrained, "--name", "a"]
    for words, sentence in (
        (model, "expected --protocol, --split or --subjects, for who tests in pku1 is not fixed"),
        ([*model, "--split", "all"], "expected one of the splits"),
        ([*model, "--split", "xsub_test", "--lookahead-frames", "24"], "a look-ahead is from 0"),
        ([*model[:3], "../a", "--split", "xsub_test"], "expected a name of letters"),
        (
            ["--checkpoint", runs / "gru.ckpt", "--name", "a", "--split", "xsub_test"],
            "expected the classes of",
        ),
    ):
        status, printed, complaint = command(*common, *words)
        assert (status, printed) == (2, "")
        assert sentence in complaint
        assert complaint.count("\n") == 1
    assert not (tmp_path / "out").exists()
