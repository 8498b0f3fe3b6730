"""Dense models of any recordings with labels for frames, here of PKU-MMD in its published form."""

import json
from pathlib import Path

import pytest

from model.network.checkpoint import load_checkpoint
from model.network.pretrained import Reading
from model.pose.artifact import spec_of
from model.pose.store import PoseStore
from model.pose.store_writer import PoseStoreWriter
from tests.training.protocol_store import IN_PICTURES, write_encoder, write_protocol_store
from tests.training.published_forms import pku_files
from training.__main__ import main
from training.labellers import open_checkpoint
from training.readers.pku_mmd import PKU2, PKUMMDReader
from training.results import read_result

PROTOCOL = "pku2/cross-subject"
NTU = Reading("joint", "ntu25", "2s-agcn")


@pytest.fixture(scope="module")
def pku(tmp_path_factory: pytest.TempPathFactory) -> PoseStore:
    """Performers 1 and 13 train, of whom 13 chooses; performer 2 tests."""
    root = tmp_path_factory.mktemp("pku")
    labels = {
        "A01N01-L": (60, "8,10,30,2\n9,35,50,1\n"),
        "A01N13-L": (60, "8,5,25,2\n"),
        "A01N02-L": (60, "8,10,30,2\n9,25,50,1\n"),
    }
    directory = pku_files(root / "raw", labels, ["A01N01-L", "A01N13-L"], ["A01N02-L"])
    reader = PKUMMDReader(directory, PKU2)
    with PoseStoreWriter(root / "store", reader.data_set) as writer:
        for path in reader.files():
            writer.append(reader.read(path))
    return PoseStore(root / "store")


def _finetune(store: PoseStore, out: Path, *more: object) -> int:
    given = ["--protocol", PROTOCOL, "--store", store.path, "--out", out, "--epochs", 1, *more]
    return main(["finetune", "frames", *map(str, given)])


def test_pku_mmd_is_learnt_by_its_protocol_and_evaluated_by_it(
    pku: PoseStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last epoch is kept, nothing was chosen; both dense tasks ask who tests by it."""
    assert _finetune(pku, tmp_path, "--model", "mlp", "--json") == 0
    (done,) = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (done["kept_epoch"], done["temperature"], done["figures"]) == (0, 1.0, {})
    spec = open_checkpoint(tmp_path / "mlp.ckpt").spec
    assert (spec.name, spec.layout, len(spec.labels)) == ("pku2-cross-subject-mlp", "ntu25", 52)
    assert spec.provenance.data == "pku2, training part of pku2/cross-subject: 2 recordings"
    assert spec.provenance.terms == pku.data_set.terms

    for task in ("detection", "segmentation"):
        options = ["--store", pku.path, "--protocol", PROTOCOL, "--out", tmp_path, "--name", task]
        model = ["--checkpoint", tmp_path / "mlp.ckpt"]
        assert main(["evaluate", task, *map(str, [*options, *model])]) == 0
        result = read_result(tmp_path / f"{task}.json")
        assert result.protocol == PROTOCOL
        assert "1 recordings, " in result.notes[0]
        assert result.figures[0].command.endswith(f"--name {task} --out {tmp_path}")
        assert f"--protocol {PROTOCOL}" in result.figures[0].command
        assert "does not say" not in " ".join(result.notes)


def test_a_pretrained_encoder_of_two_people_brings_how_it_reads(
    pku: PoseStore, tmp_path: Path
) -> None:
    """Layout, normalisation, people and frames are the file's; who chooses is held out and noted.

    What was seen is noted too, so that evaluating those who trained would be refused.
    """
    encoder = write_encoder(tmp_path / "pretrained.ckpt", NTU, persons=2)
    begun = ["--model", "pretrained", "--pretrained", encoder, "--choosing"]
    assert _finetune(pku, tmp_path, *begun) == 0
    checkpoint = load_checkpoint(tmp_path / "pretrained.ckpt")
    spec = spec_of(checkpoint.artifact)

    assert (spec.layout, spec.normalisation) == ("ntu25", "2s-agcn")
    assert (spec.persons, spec.frames, spec.rate_hz) == (2, 16, 4.5)
    assert "1 recordings, and 1 that chose" in spec.provenance.data
    assert "pku2.cross-subject.choosing.macro_f1" in spec.figures
    seen = checkpoint.provenance["data"]
    assert seen == {"pku2": {"clips": 2, "subjects": [1, 13], "views": [1], "setups": []}}


def test_what_cannot_be_learnt_so_is_refused(
    pku: PoseStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Clips with a class each, another protocol's store, an encoder of pictures: one sentence."""
    clips = write_protocol_store(tmp_path / "clips")
    pictures = write_encoder(tmp_path / "pictures.ckpt", IN_PICTURES)
    for store, more, sentence in (
        (clips, ["--protocol", "utd_mhad/cross-subject"], "recordings with a label for each frame"),
        (clips, [], "protocol pku2/cross-subject is for pku2_segments or pku2, this store holds"),
        (pku, ["--model", "pretrained"], "expected --pretrained FILE together with --model"),
        (
            pku,
            ["--model", "pretrained", "--pretrained", pictures],
            "expected keypoints in space, read in space, got ntu25 of 3 dimensions, normalised as",
        ),
    ):
        assert _finetune(store, tmp_path / "out", *more) == 2
        said = capsys.readouterr().err.splitlines()
        assert len(said) == 1
        assert sentence in said[0]
    assert not (tmp_path / "out").exists()


def test_a_refused_run_takes_no_earlier_state_away(pku: PoseStore, tmp_path: Path) -> None:
    """A mistyped file, of a run that was to begin anew."""
    state = tmp_path / "pretrained.state.pt"
    state.write_bytes(b"kept")
    begun = ["--model", "pretrained", "--pretrained", tmp_path / "no.ckpt", "--restart"]
    assert _finetune(pku, tmp_path, *begun) == 2
    assert state.read_bytes() == b"kept"
