"""Batch limits: what suits a provider, and what the operator says instead."""

import pytest

from model.pose.artifact_session import CPU
from service.batch_limits import ON_CPU, ON_GPU, BatchLimits
from service.batching import FairQueue
from service.settings import Settings

CUDA = ("CUDAExecutionProvider", *CPU)


@pytest.mark.parametrize(
    ("providers", "given", "expected"),
    [
        (CPU, {}, ON_CPU),
        (CUDA, {}, ON_GPU),
        (("TensorrtExecutionProvider", *CUDA), {}, ON_GPU),
        (CPU, {"batch_windows": 16}, BatchLimits(16, ON_CPU.wait_ms)),
        (CUDA, {"batch_wait_ms": 0.0}, BatchLimits(ON_GPU.windows, 0.0)),
        (CUDA, {"batch_windows": 1, "batch_wait_ms": 7.0}, BatchLimits(1, 7.0)),
    ],
)
def test_limits_are_those_of_the_provider_unless_they_are_set(
    providers: tuple[str, ...], given: dict[str, float], expected: BatchLimits
) -> None:
    """What is set holds whatever runs; each of the two is set for itself, and 0 ms is set too."""
    assert BatchLimits.of(Settings.model_validate(given), providers) == expected


def window_ms(windows: int) -> float:
    """A run of the shipped artifact on one thread, as measured, without what else the core does."""
    return {1: 1.46, 2: 2.12, 3: 2.85, 4: 3.72}.get(windows, 0.84 * windows)


class Asked:
    """A window that was asked for at a time."""

    def __init__(self, asked_ms: float) -> None:
        self.asked_ms = asked_ms

    def cut(self) -> int:
        """One window."""
        return 1


def longest_wait_ms(limits: BatchLimits, clients: int) -> float:
    """The longest that a window waits and is run, where one core serves clients for 20 hops."""
    queue: FairQueue[Asked] = FairQueue(limits.windows, limits.wait_ms / 1000)
    times_ms = sorted(
        133.0 * hop + 133.0 * k / clients for hop in range(20) for k in range(clients)
    )
    now_ms, longest_ms = 0.0, 0.0
    while times_ms or len(queue):
        while times_ms and times_ms[0] <= now_ms:
            queue.add(Asked(asked_ms := times_ms.pop(0)), asked_ms / 1000)
        due_s = queue.due_s(clients)
        if due_s is None or due_s * 1000 > now_ms + 1e-9:
            coming_ms = [times_ms[0]] if times_ms else []
            now_ms = min([*coming_ms, *([] if due_s is None else [due_s * 1000])])
            continue
        (run,) = queue.take(1)
        now_ms += window_ms(len(run))
        longest_ms = max(longest_ms, *(now_ms - share.request.asked_ms for share in run))
    return longest_ms


def test_on_a_cpu_the_default_keeps_up_where_single_windows_do_not_and_waits_least() -> None:
    """With the times of a run as measured, for as many streams as one core can just serve.

    One at a time it falls ever further behind; in the runs that suit a GPU a window waits longer
    than in those that suit a CPU.
    """
    alone, cpu, gpu = (
        longest_wait_ms(limits, clients=110) for limits in (BatchLimits(1, 0.0), ON_CPU, ON_GPU)
    )
    assert alone > 200
    assert cpu < gpu < alone
