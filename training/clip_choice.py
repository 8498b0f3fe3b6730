"""The choice of clips: which train an encoder, and between which its validation retrieves."""

from collections.abc import Collection
from dataclasses import dataclass

from model.pose.store import StoreError
from training.clip_source import ClipSource


@dataclass(frozen=True)
class Chosen:
    """Which clips train, and between which the validation retrieves.

    Attributes:
        train: Places of the clips that train.
        gallery: Places of those whose classes are known to the retrieval.
        queries: Places of those that are asked; may be empty.
    """

    train: list[int]
    gallery: list[int]
    queries: list[int]


def chosen_clips(
    source: ClipSource,
    views: set[int] | None,
    left_out: set[int],
    choosing: set[int],
    training: Collection[int] | None = None,
) -> Chosen:
    """Chooses clips by what the stores say of them.

    Args:
        source: All clips.
        views: Cameras whose clips train; None for all.
        left_out: Subjects that are not looked at.
        choosing: Subjects whose clips do not train, but are asked in the validation.
        training: Places of the clips that train by a protocol, others are not looked at; None for
            all.

    Raises:
        StoreError: No clip is left to train, no clip is of a subject or camera that is named, or
            subjects of several stores are to choose.
    """
    if choosing and source.stores > 1:
        raise StoreError(
            "--choosing: expected one store, because classes of several have the same numbers; "
            f"got {source.stores}"
        )
    everywhere = range(len(source))
    places = everywhere if training is None else training
    entries = [(place, source.entry(place)) for place in places]
    stores = "the stores hold none"
    may_train = stores if training is None else "none of those that train by the protocol is"
    for what, named, there, otherwise in (
        ("subject", left_out, {source.entry(place).subject for place in everywhere}, stores),
        ("subject", choosing, {entry.subject for _, entry in entries}, may_train),
        ("camera", views or set(), {entry.view for _, entry in entries}, may_train),
    ):
        if unknown := sorted(named - there):
            raise StoreError(f"expected clips of {what} {unknown[0]}, {otherwise}")
    seen = [
        (place, entry)
        for place, entry in entries
        if entry.subject not in left_out and (views is None or entry.view in views)
    ]
    train = [place for place, entry in seen if entry.subject not in choosing]
    queries = [place for place, entry in seen if entry.subject in choosing]
    if not train:
        raise StoreError("expected clips to pretrain on, these views and subjects leave none")
    return Chosen(train, train, queries)
