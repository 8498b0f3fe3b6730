"""What a frozen encoder says of whole clips, and how well that separates classes.

Retrieval is the nearest neighbour by cosine; the linear probe is a regularised logistic
regression on standardised features, whose strength is chosen by cross-validation over the
subjects that train.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from model.network.encoder import Encoder, clip_feature
from model.network.tokens import Modality, derive
from model.pose.store import StoreError
from training.clip_source import ClipSource, beginning
from training.subsets import classes_of
from training.views import resized

Feature = Callable[[Tensor], Tensor]
"""Clips ``(B, 3, T, V, M)`` to a feature of each, ``(B, F)``."""

BATCH = 128
STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
"""Inverse regularisation strengths of the probe, from which cross-validation chooses."""


@dataclass(frozen=True)
class Labelled:
    """Features of clips with their classes.

    Attributes:
        features: ``(N, 2D)`` float32.
        labels: ``(N,)`` classes.
        subjects: ``(N,)`` subject of each.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    subjects: NDArray[np.int64]


def whole_clips(
    source: ClipSource,
    places: Sequence[int],
    frames: int,
    device: torch.device,
    observed: float = 1.0,
    crop: float = 1.0,
    skipped: float = 0.0,
) -> Iterator[Tensor]:
    """Clips ``(B, 3, T, V, M)``, each resized to T, a batch at a time.

    What is not observed is not looked at. Crops are what recognisers learn from: they are cut out
    of a clip that was normalised as a whole.

    Args:
        source: Where clips are read.
        places: Which clips, in this order.
        frames: T.
        device: Where they are resized.
        observed: Share of each clip that is seen, from its beginning; at least a frame.
        crop: Share of that which is kept; at least a frame.
        skipped: Share of it that comes before what is kept.
    """
    for read in source.in_order(places, BATCH, observed):
        batch = read.to(device)
        kept = observed_frames(batch.lengths, crop)
        starts = (batch.lengths.double() * skipped).long().clamp(max=batch.lengths - kept)
        yield resized(batch.clips, starts, kept, frames)


def observed_frames(lengths: Tensor, observed: float) -> Tensor:
    """How many frames a share of each clip is, by `beginning`: ``(B,)`` of ``(B,)``."""
    seen = [beginning(length, observed) for length in lengths.tolist()]
    return torch.tensor(seen, device=lengths.device)


def newest_frames(lengths: Tensor, observed: float, frames: int) -> Tensor:
    """The last frame of clips resized to T that reads no frame which is not observed yet: ``(B,)``.

    A frame of a resized clip lies between two of the clip (`training.views.resized`); the later of
    them must have been seen.

    Args:
        lengths: ``(B,)`` frames of the clips before they were resized.
        observed: Share of each clip that is seen, from its beginning.
        frames: T, at least 1 / ``observed``: else the share may be less than a frame.
    """
    seen = observed_frames(lengths, observed)
    # Half-pixel centres: frame t lies at (t + ½) · F / T − ½, which is at most seen − 1.
    newest = ((2 * seen - 1) * frames - lengths).div(2 * lengths, rounding_mode="floor")
    return torch.where(seen == lengths, frames - 1, newest).clamp(min=0)


def features_of(feature: Feature, clips: Iterable[Tensor]) -> NDArray[np.float32]:
    """Features ``(N, F)`` of batches of clips."""
    with torch.inference_mode():
        parts = [feature(batch).float().cpu().numpy() for batch in clips]
    return np.concatenate(parts)


def clip_features(
    encoder: Encoder,
    source: ClipSource,
    places: Sequence[int],
    modality: Modality,
    parents: tuple[int, ...],
) -> NDArray[np.float32]:
    """The clip features ``(N, 2D)`` of whole clips, each resized to T.

    Args:
        encoder: In evaluation mode.
        source: Where clips are read.
        places: Which clips.
        modality: What the encoder reads of them.
        parents: Of the joints, for bones.
    """
    clips = whole_clips(source, places, encoder.config.frames, next(encoder.parameters()).device)
    return features_of(lambda batch: clip_feature(encoder(derive(batch, modality, parents))), clips)


def labelled(features: NDArray[np.float32], source: ClipSource, places: Sequence[int]) -> Labelled:
    """Puts features beside the classes and subjects of their clips.

    Raises:
        StoreError: A clip has no class.
    """
    entries = [source.entry(place) for place in places]
    subjects = np.array([entry.subject for entry in entries], np.int64)
    return Labelled(features, classes_of(entries), subjects)


def retrieval_accuracy(gallery: Labelled, queries: Labelled) -> float:
    """Accuracy of the nearest neighbour's class by cosine, in per cent."""
    nearest = KNeighborsClassifier(n_neighbors=1, metric="cosine")
    nearest.fit(gallery.features, gallery.labels)
    predicted = nearest.predict(queries.features)
    return float(100 * accuracy_score(queries.labels, predicted))


def logistic_probe(train: Labelled, more: Sequence[Labelled] = ()) -> Pipeline:
    """A logistic regression on standardised features, fitted.

    Args:
        train: Whole clips; its strength is chosen by cross-validation between their subjects.
        more: Further features that it is fitted to, such as those of beginnings of the clips; the
            strength stays what it is for each sample.

    Raises:
        StoreError: They are all of one class.
    """
    if len(set(train.labels.tolist())) < 2:
        raise StoreError(
            f"expected training clips of two classes or more to tell apart, got "
            f"{len(train.labels)} of class {train.labels[0]}"
        )
    strength = _chosen_strength(train) * len(train.labels)
    features = np.concatenate([train.features, *(part.features for part in more)])
    labels = np.concatenate([train.labels, *(part.labels for part in more)])
    return _probe(strength / len(labels)).fit(features, labels)


def _probe(strength: float) -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2000))


def _chosen_strength(train: Labelled) -> float:
    groups = len(set(train.subjects.tolist()))
    folds = (
        []
        if groups < 2
        else [
            fold
            for fold in GroupKFold(n_splits=min(5, groups)).split(
                train.features, train.labels, train.subjects
            )
            if len(set(train.labels[fold[0]].tolist())) > 1
        ]
    )
    if not folds:
        return STRENGTHS[len(STRENGTHS) // 2]
    grid = {"logisticregression__C": STRENGTHS}
    search = GridSearchCV(_probe(1.0), grid, cv=folds, scoring="accuracy", refit=False)
    search.fit(train.features, train.labels)
    return float(search.best_params_["logisticregression__C"])
