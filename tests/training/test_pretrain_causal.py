"""A causal pretraining stays causal: in its checkpoint, fine-tuned, and asked early."""

from pathlib import Path

import pytest
import torch

from model.network.checkpoint import load_checkpoint
from model.network.pretrained import load_pretrained
from tests.training.protocol_store import write_protocol_store
from training.__main__ import main

PROTOCOL = "--protocol utd_mhad/cross-subject".split()


def test_causal_time_goes_through_every_command(tmp_path: Path) -> None:
    """No later frame changes an earlier dense feature; both ways of early prediction take it."""
    store = ["--store", str(write_protocol_store(tmp_path / "store").path)]
    quick = "--hidden-size 16 --frames 16 --batch 12 --epochs 1 --left-out 2 4 6 8".split()
    assert main(["pretrain", *store, *quick, "--causal", "--out", str(tmp_path)]) == 0
    encoder = tmp_path / "pretrained.ckpt"
    backbone = load_pretrained(encoder).network.backbone
    assert backbone.config.causal
    clips = torch.randn(2, 3, 16, 20, 1)
    other = torch.cat([clips[:, :, :10], torch.randn(2, 3, 6, 20, 1)], dim=2)
    with torch.inference_mode():
        features, of_other = (backbone.dense_feature(backbone(given)) for given in (clips, other))
    torch.testing.assert_close(features[:, :10], of_other[:, :10])
    assert (features - of_other)[:, 10:].abs().max() > 1e-3

    tuned = ["finetune", "recognition", *PROTOCOL, *store, "--out", str(tmp_path / "tuned")]
    assert main([*tuned, "--pretrained", str(encoder), "--epochs", "1"]) == 0
    checkpoint = tmp_path / "tuned" / "finetuned.ckpt"
    assert load_checkpoint(checkpoint).network.config.encoder.causal
    for weights in (["--pretrained", str(encoder)], ["--checkpoint", str(checkpoint)]):
        asked = ["evaluate", "early", *PROTOCOL, *store, *weights, "--name", weights[0][2:]]
        assert main([*asked, "--out", str(tmp_path / "results")]) == 0


@pytest.mark.parametrize("modality", ["motion", "all"])
def test_what_reads_motion_is_not_causal(
    modality: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence says why, before anything is read or written."""
    given = ["--store", "nowhere", "--out", str(tmp_path / "out"), "--causal"]
    assert main(["pretrain", *given, "--modality", modality]) == 2
    assert capsys.readouterr().err == (
        "pretrain: --causal: expected --modality joint or bone, because motion looks one frame "
        f"ahead; got {modality}\n"
    )
