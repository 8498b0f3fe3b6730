"""The ablation: the method as a whole, and what it is without one of its parts.

Plain data: each variant is a preset that differs from the full one in one thing alone. How they are
run and measured is `training.ablate`'s.
"""

from collections.abc import Mapping
from dataclasses import replace

from training.consistency import Perspective
from training.mgfd import MgfdWeights
from training.presets import PRESETS, Preset
from training.usdrl_tables import FULL
from training.views import ViewSettings

WHOLE = replace(PRESETS["small"], hidden_size=96, frames=32)
"""The full method: D = 96, T = 32, else what the preset ``small`` says."""


def _comparing(perspective: Perspective) -> Preset:
    return replace(WHOLE, perspective=perspective)


def _weighing(weights: MgfdWeights) -> Preset:
    return _comparing(replace(WHOLE.perspective, loss=weights))


def _seeing(views: ViewSettings) -> Preset:
    return _comparing(replace(WHOLE.perspective, views=views))


_LOSS, _VIEWS = WHOLE.perspective.loss, WHOLE.perspective.views

VARIANTS: Mapping[str, Preset] = {
    FULL: WHOLE,
    "without_similarity": _weighing(replace(_LOSS, similarity=0.0)),
    "without_variance": _weighing(replace(_LOSS, variance=0.0)),
    "without_autocovariance": _weighing(replace(_LOSS, autocovariance=0.0)),
    "with_cross_correlation": _weighing(replace(_LOSS, cross_correlation=1e-3)),
    "without_temporal_crop": _seeing(replace(_VIEWS, shortest_crop=1.0)),
    "without_corrupted_joints": _seeing(replace(_VIEWS, corrupted_share=0.0)),
    "without_linear_map": _seeing(
        replace(_VIEWS, turn_degrees=0.0, tilt_degrees=0.0, scale=0.0, shear=0.0)
    ),
    "two_views_in_place_of_four": _comparing(replace(WHOLE.perspective, count=2)),
    "STTR_in_place_of_DSTE": replace(WHOLE, encoder="sttr"),
}
"""Every variant by its name in tables, the full method first."""
