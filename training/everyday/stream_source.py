"""The stream source: streams of a store, seen anew each time by another camera and estimator.

It knows places in a store, and no window that is drawn and no network.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from model.network.pretrained import Reading
from model.pose.layout import layout_named
from model.pose.mapping import layout_mapping
from model.pose.normalise import normalise
from model.pose.store import PoseStore, StoreError
from model.pose.window import WindowSpec
from training.everyday.errors import ERRORS_TO_LEARN_FROM
from training.everyday.footage import Footage
from training.everyday.proportions import reproportioned
from training.everyday.sensor import Sensor
from training.everyday.sources import LAYOUT
from training.splits import REAL

ATTEMPTS = 10


class StreamSource:
    """Streams of one part.

    Attributes:
        real: Places of the streams that were recorded as one; may be none.
        composed: Places of the others.
    """

    def __init__(
        self,
        store: PoseStore,
        reading: Reading,
        timing: WindowSpec,
        mirror: Sequence[int] | None = None,
        sensor: Sensor | None = None,
    ) -> None:
        """Takes the streams.

        Args:
            store: Where they are, in space.
            reading: Layout and normalisation of what reads their windows.
            timing: Of the windows.
            mirror: K classes: which one a mirrored picture of each shows; None where labels are
                not to be read.
            sensor: What sees them, in that layout; None for one of whose streams some lack legs,
                heads or joints now and then.

        Raises:
            StoreError: The streams are not composed ones: they lie in another layout.
        """
        held = layout_named(store.data_set.layout)
        if held != LAYOUT:
            raise StoreError(f"{store.path}: expected {LAYOUT.name}, got {held.name}")
        self._store, self._mirror, self._timing = store, mirror, timing
        self._normalisation = reading.normalisation
        self._skeleton = layout_named(reading.layout)
        self._sensor = sensor or Sensor(self._skeleton, errors=ERRORS_TO_LEARN_FROM)
        self._mapping = layout_mapping(held, self._skeleton)
        self.real = np.array(store.splits.get(REAL, ()), np.int64)
        self.composed = np.setdiff1d(np.arange(len(store)), self.real)

    def see(self, place: int, generator: np.random.Generator) -> Footage:
        """Sees the stream at a place; the same state of the generator sees the same.

        Whoever is in it gets other proportions each time. A camera in whose picture nobody is found
        for as long as a window is exchanged for another.

        Raises:
            StoreError: No camera finds anybody for so long.
        """
        clip = self._store[place]
        points = np.asarray(clip.keypoints[:, 0], np.float32)
        keypoints = self._mapping(reproportioned(points, generator))
        labels = None if self._mirror is None else clip.frame_labels
        for _ in range(ATTEMPTS):
            seen = self._sensor.see(clip.times_ms, keypoints, generator)
            footage = Footage.of(seen, labels, self._mirror or (), self._timing)
            if len(footage.ends):
                return footage
        raise StoreError(
            f"{self._store.path}: expected streams of at least {self._timing.span_ms:,.0f} ms in "
            f"which somebody is seen, got {clip.name}, {len(clip)} frames"
        )

    def draw(
        self, count: int, real_share: float, generator: np.random.Generator
    ) -> NDArray[np.int64]:
        """Draws places ``(count,)``, of which about so many are of real streams."""
        real = generator.random(count) < (real_share if len(self.real) else 0)
        if not len(self.composed):
            real[:] = True
        composed = self.composed if len(self.composed) else self.real
        recorded = self.real if len(self.real) else self.composed
        return np.where(real, generator.choice(recorded, count), generator.choice(composed, count))

    def normalised(self, windows: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Windows ``(T, V, 1, 4)`` as a network reads them, ``(B, 3, T, V, 1)``."""
        return normalise(self._normalisation, np.stack(windows), self._skeleton)
