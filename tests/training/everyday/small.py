"""Everyday models that learn in seconds: short runs of narrow networks."""

from dataclasses import replace
from pathlib import Path

from model.network.baselines import BaselineConfig
from model.network.recogniser import RecogniserConfig
from model.pose.layout import Layout
from training.everyday.label_windows import LabelRounds
from training.everyday.pretraining import StreamPreset
from training.everyday.recipe import RECIPES, EncoderOptimisation, EverydayRecipe, dste
from training.everyday.splits import Splits, read_splits
from training.everyday.view_windows import Rounds
from training.everyday.vocabulary import Vocabulary, read_vocabulary
from training.optimisation import Optimisation
from training.recipes import gru


def words_of(folder: Path) -> tuple[Vocabulary, Splits]:
    return read_vocabulary(folder / "vocabulary.toml"), read_splits(folder / "splits.toml")


def preset() -> StreamPreset:
    """Two short epochs of a small encoder, of two rounds each."""
    told = StreamPreset()
    optimisation = Optimisation(epochs=2, batches=4, batch=12, validate_every=2)
    network = replace(told.network, hidden_size=16, optimisation=optimisation)
    return replace(told, network=network, rounds=Rounds(streams=3, batches=2))


def recipe(name: str) -> EverydayRecipe:
    """Two short epochs of it, a round each."""
    told = RECIPES[name]
    share = told.optimisation.encoder_rate_share
    optimisation = EncoderOptimisation(
        epochs=2, batches=3, batch=16, validate_every=2, encoder_rate_share=share
    )
    return replace(
        told,
        network=small_gru if name == "gru" else small_dste,
        optimisation=optimisation,
        rounds=LabelRounds(streams=4, batches=3),
    )


def small_dste(layout: Layout, frames: int, labels: int) -> RecogniserConfig:
    """The recipe's network, narrower."""
    config = dste(layout, frames, labels)
    return replace(config, encoder=replace(config.encoder, hidden_size=16))


def small_gru(layout: Layout, frames: int, labels: int) -> BaselineConfig:
    """The recipe's baseline, narrower."""
    return replace(gru(layout, frames, labels), hidden_size=16)
