"""What a frozen encoder says of whole clips, and how well that separates classes.

Retrieval is the nearest neighbour by cosine; the linear probe is a regularised logistic
regression on standardised features, whose strength is chosen by cross-validation over the
subjects that train.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from model.network.encoder import Encoder, clip_feature
from model.network.tokens import Modality, derive
from model.pose.store import StoreError
from training.clip_source import ClipSource
from training.views import resized

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
    device = next(encoder.parameters()).device
    parts = []
    for read in source.in_order(places, BATCH):
        batch = read.to(device)
        starts = torch.zeros_like(batch.lengths)
        clips = resized(batch.clips, starts, batch.lengths, encoder.config.frames)
        with torch.inference_mode():
            streams = encoder(derive(clips, modality, parents))
        parts.append(clip_feature(streams).float().cpu().numpy())
    return np.concatenate(parts)


def labelled(features: NDArray[np.float32], source: ClipSource, places: Sequence[int]) -> Labelled:
    """Puts features beside the classes and subjects of their clips.

    Raises:
        StoreError: A clip has no class.
    """
    entries = [source.entry(place) for place in places]
    unlabelled = [entry.name for entry in entries if entry.label is None]
    if unlabelled:
        raise StoreError(f"expected a class for each clip, {unlabelled[0]} has none")
    labels = np.array([entry.label for entry in entries], np.int64)
    return Labelled(features, labels, np.array([entry.subject for entry in entries], np.int64))


def retrieval_accuracy(gallery: Labelled, queries: Labelled) -> float:
    """Accuracy of the nearest neighbour's class by cosine, in per cent."""
    nearest = KNeighborsClassifier(n_neighbors=1, metric="cosine")
    nearest.fit(gallery.features, gallery.labels)
    predicted = nearest.predict(queries.features)
    return float(100 * accuracy_score(queries.labels, predicted))


def linear_accuracy(train: Labelled, test: Labelled) -> float:
    """Accuracy of a linear probe, in per cent; its strength is chosen on ``train`` alone."""
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    folds = GroupKFold(n_splits=min(5, len(set(train.subjects.tolist()))))
    search = GridSearchCV(probe, {"logisticregression__C": STRENGTHS}, cv=folds, scoring="accuracy")
    search.fit(train.features, train.labels, groups=train.subjects)
    return float(100 * accuracy_score(test.labels, search.predict(test.features)))
