"""The pose pool: so many workers, each lent to one stream of images at a time."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from service.pose_process import PoseProcess
from service.pose_stream import Looked, PoseStream, Worker
from service.protocol import FULL, Refusal

MakeWorker = Callable[[], Worker]


class PosePool:
    """Workers for streams of images.

    A worker starts with its first stream and stays, warm, for the next ones.

    Args:
        make_worker: makes one, not started.
        workers: how many there are, and so how many streams of images are served at a time.
        looked: is told how many seconds each picture took, None where a worker was lost over it.
    """

    def __init__(self, make_worker: MakeWorker, workers: int, looked: Looked | None = None) -> None:
        self._workers = [make_worker() for _ in range(workers)]
        self._free = list(self._workers)
        self._looked = looked
        self._streams: set[PoseStream] = set()

    @property
    def streams(self) -> int:
        """How many streams have a worker."""
        return len(self._streams)

    def open(self, people: int) -> PoseStream:
        """Begins a stream of images; whoever opens it closes it.

        Args:
            people: the most people to look for in a picture.

        Raises:
            Refusal: all workers are taken.
        """
        if not self._free:
            raise Refusal(
                "images-full",
                f"this server takes images from at most {len(self._workers)} streams at a time; "
                "try later, or send keypoints",
                FULL,
            )
        # The last to come back is the likeliest to be running.
        worker = self._free.pop()

        def released() -> None:
            self._streams.discard(stream)
            self._free.append(worker)

        stream = PoseStream(worker, people, released, self._looked)
        self._streams.add(stream)
        return stream

    async def close(self) -> None:
        """Ends all streams and all workers."""
        for stream in tuple(self._streams):
            await stream.close()
        for worker in self._workers:
            await worker.end()


def media_pipe(model: Path, most_pixels: int) -> MakeWorker:
    """Returns what makes workers that use MediaPipe, a process each.

    Args:
        model: the `.task` file; `service.pose_estimator.available` says whether it can be used.
        most_pixels: of a picture.
    """
    options = ("--model", str(model.resolve()), "--pixels", str(most_pixels))
    command: Sequence[str] = (sys.executable, "-m", "service.pose_worker", *options)
    return lambda: PoseProcess(command)
