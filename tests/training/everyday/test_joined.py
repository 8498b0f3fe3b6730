"""What is shipped: two models of one run, joined and calibrated as one."""

from dataclasses import replace
from pathlib import Path

import pytest

from export.graph import check_network
from model.network.ensemble import Ensemble
from tests.training.everyday.made_up import SPLITS, VOCABULARY, write_store
from tests.training.everyday.small import preset, recipe, words_of
from training.__main__ import main
from training.everyday import train
from training.everyday.finetuning import VERSION, finetuned_path
from training.everyday.joined import joined
from training.everyday.recipe import RECIPES
from training.labellers import load_weights, save_weights
from training.optimisation import FitError


def test_what_is_shipped_is_two_models_joined(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of one run, calibrated as one; a second of the same kind, or of another run, is refused."""
    (tmp_path / "vocabulary.toml").write_text(VOCABULARY, encoding="utf-8")
    (tmp_path / "splits.toml").write_text(SPLITS, encoding="utf-8")
    write_store(tmp_path / "hdm05")
    vocabulary, splits = words_of(tmp_path)
    monkeypatch.setattr(train, "read_vocabulary", lambda: vocabulary)
    monkeypatch.setattr(train, "_filmed", lambda *_: None)
    monkeypatch.setattr(train, "StreamPreset", preset)
    monkeypatch.setattr(train, "RECIPES", {name: recipe(name) for name in RECIPES})
    words = ["everyday", "--stores", str(tmp_path), "--splits", str(splits.path), "--hours", "0.06"]
    words += ["--choose-minutes", "2", "--calibrate-minutes", "2", "--out", str(tmp_path)]
    short = ["--pretrain-epochs", "1", "--finetune-epochs", "1", "--pretrain-batch", "12"]
    assert main([*words, *short]) == 0
    assert sorted(path.name for path in (tmp_path / "finetuned").glob("*.ckpt")) == [
        "everyday-s-gru.ckpt",
        "everyday-s-usdrl.ckpt",
    ]
    weights = load_weights(tmp_path / "everyday-s.ckpt")
    assert isinstance(weights.network, Ensemble)
    assert (weights.spec.name, weights.spec.version) == ("everyday-s", VERSION)
    assert weights.spec.figures["everyday.choosing.macro_f1"] > 0
    check_network(weights.network.config, weights.spec)

    usdrl, gru = (finetuned_path(tmp_path, RECIPES[name]) for name in ("usdrl", "gru"))
    with pytest.raises(FitError, match=r"usdrl\.ckpt: expected a GRU, got another model"):
        joined("both", usdrl, usdrl)
    with pytest.raises(FitError, match=r"gru\.ckpt: expected a recogniser, got another model"):
        joined("both", gru, gru)
    other = load_weights(gru)
    save_weights(replace(other, spec=replace(other.spec, rate_hz=30.0)), gru)
    assert main([*words, "--stage", "calibrate"]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "everyday-s-gru.ckpt: expected the specification of" in said
    settings = other.provenance["settings"]
    assert isinstance(settings, dict)
    save_weights(replace(other, provenance={"settings": settings | {"films": ["another"]}}), gru)
    with pytest.raises(FitError, match=r"expected the settings of films of .* in one run"):
        joined("both", usdrl, gru)
