"""Softened labels: a part of each target is what a probe says that never saw the clip's person.

Labels of a data set are wrong here and there, and some clips do look like another class. A linear
probe on the frozen features of a pretrained encoder, fitted to other people, says so; mixed into
the target it keeps a network from learning such clips by heart. Targets as a mix of label and
prediction: Reed et al., Training Deep Neural Networks on Noisy Labels with Bootstrapping, 2014;
predictions for people held out, as confident learning takes them: Northcutt et al., JAIR 2021.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from model.pose.store import StoreError
from training.probes import logistic
from training.representation import Labelled

FOLDS = 5
"""Groups of people who take turns to be held out, where there are as many people."""


def softened(known: Labelled, classes: int, share: float) -> NDArray[np.float32]:
    """Targets ``(N, K)``: of each clip's label and of what `held_out_answers` says of it.

    Args:
        known: The clips that are learnt.
        classes: K.
        share: Of the answers, above 0 and at most 1.

    Raises:
        StoreError: The clips are of one person, or a part of them of one class.
    """
    answers = held_out_answers(known, classes)
    return np.asarray((1 - share) * np.eye(classes)[known.labels] + share * answers, np.float32)


def held_out_answers(known: Labelled, classes: int) -> NDArray[np.float64]:
    """The probability ``(N, K)`` of each class by a probe that is fitted to other people.

    Of a clip whose class no other people show, its label is the answer: no probe can say it.

    Raises:
        StoreError: The clips are of one person, or a part of them of one class.
    """
    people = len(np.unique(known.subjects))
    if people < 2:
        raise StoreError(
            f"expected clips of two people or more, that a probe can be fitted to others, got "
            f"{len(known.labels)} of {people}"
        )
    answers = np.zeros((len(known.labels), classes))
    folds = GroupKFold(min(FOLDS, people)).split(known.features, groups=known.subjects)
    for fitted, asked in folds:
        others = Labelled(known.features[fitted], known.labels[fitted], known.subjects[fitted])
        answers[asked] = logistic(others, classes)(known.features[asked])
        alone = asked[~np.isin(known.labels[asked], known.labels[fitted])]
        answers[alone] = np.eye(classes)[known.labels[alone]]
    return answers
