"""The journal of a run: what its epochs measured, for TensorBoard where a directory is given.

It knows names and numbers only. Values are noted as they arise, on whatever device, and looked at
once an epoch, so that noting them makes no device wait.
"""

from collections import defaultdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class Journal:
    """What a run measures as it goes: the mean of each value in each epoch.

    Attributes:
        clips: Clips that were learnt from since the journal was begun, on all devices.
        seconds: What that took, validation not included.
    """

    def __init__(self, directory: Path | None = None) -> None:
        """Begins a journal; without a directory it keeps count and writes nothing."""
        self.clips = 0
        self.seconds = 0.0
        self._directory = directory
        self._writer: SummaryWriter | None = None
        self._noted: defaultdict[str, list[Tensor]] = defaultdict(list)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._writer is not None:
            self._writer.close()

    @property
    def clips_per_second(self) -> float:
        """How fast clips were learnt from; 0 where none were."""
        return self.clips / self.seconds if self.seconds else 0.0

    def note(self, name: str, value: Tensor | float) -> None:
        """Notes a value of the epoch that is under way, a scalar."""
        if self._directory is not None:
            self._noted[name].append(torch.as_tensor(value).detach())

    def learnt(self, clips: int, seconds: float) -> None:
        """Counts the clips that an epoch learnt from, and what that took."""
        self.clips += clips
        self.seconds += seconds
        self.note("clips_per_second", clips / seconds)

    def end_epoch(self, step: int) -> None:
        """Writes the means of what was noted, at the number of steps that are done.

        Raises:
            OSError: They cannot be written.
        """
        if self._directory is None:
            return
        if self._writer is None:
            # Only here, because it takes a second to import and few runs ask for it.
            from torch.utils.tensorboard import SummaryWriter

            # What a run that was killed, or begun anew, had written from here on no longer counts.
            self._writer = SummaryWriter(str(self._directory), purge_step=step)
        for name, values in self._noted.items():
            self._writer.add_scalar(name, float(torch.stack(values).float().mean()), step)
        self._noted.clear()
        self._writer.flush()
