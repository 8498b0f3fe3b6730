"""The stream store: composed and real streams of one part, written once, in one prepared store.

It knows which stores streams are made from and where they go; composing is `streams`'.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from tqdm import tqdm

from model.pose.store import DataSet, PoseClip, PoseStore
from model.pose.store_writer import PoseStoreWriter
from training.everyday.pieces import Manner
from training.everyday.shelf import fill_shelf
from training.everyday.sources import LAYOUT, RATE_HZ, SOURCES
from training.everyday.splits import Part, Splits
from training.everyday.streams import TO_LEARN_FROM, Streams, real_streams
from training.everyday.vocabulary import Vocabulary
from training.source_state import source_state
from training.splits import COMPOSED, REAL

MADE_FROM = "made-from.txt"
RULES = 3
"""Of composing. Raised with what they make of the same data, so that no older streams are kept;
since 2 everybody has a head, since 3 hands gesture where people learn from it."""


def open_stores(directory: Path, splits: Splits) -> list[PoseStore]:
    """Opens the prepared stores of a directory, each named after its data set.

    Raises:
        StoreError: A data set of the splits has no store there.
    """
    return [PoseStore(directory / name) for name in splits.held_out]


def write_streams(
    stores: Sequence[PoseStore],
    vocabulary: Vocabulary,
    splits: Splits,
    part: Part,
    path: Path,
    hours: float,
    seed: int,
) -> PoseStore:
    """Composes the streams of a part, unless they are there already, and puts real ones beside.

    A run that is killed is gone on with by the next one of the same arguments. Streams that train
    are drawn at random, each action alike; the others are a fixed list, each data set alike.

    Args:
        stores: What they are made from.
        vocabulary: The classes.
        splits: Who is in the part.
        part: Which part.
        path: Directory of the store.
        hours: Length of the composed streams together, or one stream's end longer.
        seed: Of what is random.

    Raises:
        VocabularyError, SplitError: A store does not fit the vocabulary or the splits.
        StoreError: A store cannot be read, or something that is no store is in the way.
    """
    made_from = _made_from(stores, vocabulary, splits, part, hours, seed)
    if _stands(path, made_from):
        return PoseStore(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    data_set = DataSet("everyday", LAYOUT.name, RATE_HZ, vocabulary.labels, terms_of(stores))
    with PoseStoreWriter(path, data_set, source=made_from, notes=(MADE_FROM,)) as writer:
        streams = Streams(fill_shelf(stores, vocabulary, splits, part), _manner(part))
        for clip in chain(
            _real(stores, vocabulary, splits, part), _composed(streams, part, hours, seed)
        ):
            if clip.name not in writer.finished:
                writer.append(clip)
    (path / MADE_FROM).write_text(made_from, encoding="utf-8")
    return PoseStore(path)


def terms_of(stores: Sequence[PoseStore]) -> str:
    """The terms of all data sets together, each named."""
    return "; ".join(f"{store.data_set.name}: {store.data_set.terms}" for store in stores)


def _manner(part: Part) -> Manner:
    """How the streams of a part are composed."""
    return TO_LEARN_FROM if part == "train" else Manner()


def _composed(streams: Streams, part: Part, hours: float, seed: int) -> Iterator[PoseClip]:
    """The composed streams of a part, with a bar that counts seconds of motion."""
    drawn = streams.endless(seed) if part == "train" else streams.fixed(seed, hours * 60)
    seconds, wanted = 0.0, hours * 3600
    with tqdm(total=round(wanted), desc=f"streams to {part}", unit="s") as bar:
        while seconds < wanted and (clip := next(drawn, None)) is not None:
            seconds += len(clip) / RATE_HZ
            bar.update(round(min(seconds, wanted)) - bar.n)
            yield replace(clip, splits=(COMPOSED,))


def _real(
    stores: Sequence[PoseStore], vocabulary: Vocabulary, splits: Splits, part: Part
) -> Iterator[PoseClip]:
    """The continuous recordings of a part."""
    for store in stores:
        if "frame_labels" in store.index.arrays:
            for clip in real_streams(store, vocabulary, splits, part):
                yield replace(clip, splits=(REAL,))


def _made_from(
    stores: Sequence[PoseStore],
    vocabulary: Vocabulary,
    splits: Splits,
    part: Part,
    hours: float,
    seed: int,
) -> str:
    """A hash of all that the streams depend on; `RULES` stands for the code."""
    states = [source_state(store.path) for store in stores]
    settings = (vocabulary.path, splits.path)
    texts = [hashlib.sha256(path.read_bytes()).hexdigest() for path in settings]
    whole = repr((RULES, states, texts, part, hours, seed, _manner(part), sorted(SOURCES.items())))
    return hashlib.sha256(whole.encode()).hexdigest()


def _stands(path: Path, made_from: str) -> bool:
    """Whether the store at a path is whole and was made from just this."""
    note = path / MADE_FROM
    return note.is_file() and note.read_text(encoding="utf-8") == made_from
