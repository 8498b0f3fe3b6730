"""The batching policy, with the clock passed in: what is run together, when, and in which turn."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from service.batching import FairQueue, Share


@dataclass(eq=False)
class Asked:
    """A session's request for so many windows."""

    windows: int
    cuts: int = field(default=0)

    def cut(self) -> int:
        self.cuts += 1
        return self.windows


def queue_of(windows: int, *requests: Asked) -> FairQueue[Asked]:
    queue: FairQueue[Asked] = FairQueue(windows, 0.002)
    for request in requests:
        queue.add(request, 0.0)
    return queue


def counts(runs: list[list[Share[Asked]]], *requests: Asked) -> list[list[int]]:
    return [
        [sum(share.count for share in run if share.request is request) for request in requests]
        for run in runs
    ]


def test_a_run_begins_when_it_is_full_or_when_the_oldest_has_waited() -> None:
    """Nobody is waited for where the run is full or all sessions are here already."""
    queue: FairQueue[Asked] = FairQueue(2, 0.002)
    assert queue.due_s(9) is None
    queue.add(Asked(1), 5.0)
    assert queue.due_s(9) == 5.002
    assert queue.due_s(1) == 5.0
    queue.add(Asked(1), 5.001)
    assert queue.due_s(9) == 5.0


def test_windows_are_cut_when_they_are_taken() -> None:
    """What waits is not cut: only so can the newest frame still come into it."""
    first, second, third = requests = [Asked(1), Asked(1), Asked(1)]
    queue = queue_of(2, *requests)
    assert [request.cuts for request in requests] == [0, 0, 0]
    queue.take(1)
    assert (first.cuts, second.cuts, third.cuts) == (1, 1, 0)


def test_a_session_of_many_people_cannot_starve_the_others() -> None:
    """Everybody gets a window before anybody gets a second one; what is left waits its turn."""
    crowd, one, two, three = Asked(5), Asked(1), Asked(1), Asked(2)
    queue = queue_of(4, crowd, one, two)
    assert counts(queue.take(1), crowd, one, two) == [[2, 1, 1]]
    queue.add(three, 1.0)
    assert counts(queue.take(1), crowd, three) == [[2, 2]]
    assert counts(queue.take(1), crowd, three) == [[1, 0]]
    assert len(queue) == 0
    assert (crowd.cuts, three.cuts) == (1, 1)


def test_who_had_no_turn_comes_before_who_had_one() -> None:
    """With more sessions than a run holds, turns go round."""
    crowd, *others = requests = [Asked(9), *(Asked(1) for _ in range(4))]
    queue = queue_of(2, *requests)
    assert counts(queue.take(1), *requests) == [[1, 1, 0, 0, 0]]
    assert counts(queue.take(1), *requests) == [[0, 0, 1, 1, 0]]
    assert counts(queue.take(1), *requests) == [[1, 0, 0, 0, 1]]
    assert [request.cuts for request in others] == [1, 1, 1, 1]
    assert crowd.cuts == 1


def test_runs_that_begin_together_are_evenly_filled() -> None:
    """Two idle runs share what waits, though one of them could hold it all."""
    requests = [Asked(1) for _ in range(6)]
    assert counts(queue_of(8, *requests).take(2), *requests) == [
        [1, 1, 1, 0, 0, 0],
        [0, 0, 0, 1, 1, 1],
    ]
    crowd = Asked(5)
    assert queue_of(8, crowd).take(2) == [[Share(crowd, 0, 3)], [Share(crowd, 3, 2)]]


def test_who_is_gone_is_not_run() -> None:
    """What is left of a session's windows goes with it."""
    crowd, other = Asked(5), Asked(1)
    queue = queue_of(2, crowd, other)
    queue.take(1)
    queue.discard(crowd)
    assert (len(queue), queue.take(1)) == (0, [])


@given(
    asked=st.lists(st.integers(0, 12), max_size=12),
    windows=st.integers(1, 9),
    runs=st.integers(1, 4),
)
def test_every_window_is_run_once_and_no_run_is_too_large(
    asked: list[int], windows: int, runs: int
) -> None:
    """Whatever waits, each window of each session comes in exactly one run, in order."""
    requests = [Asked(count) for count in asked]
    queue = queue_of(windows, *requests)
    taken: dict[Asked, list[int]] = {request: [] for request in requests}
    told = 0
    for _ in range(sum(asked) + 1):
        begun = queue.take(runs)
        assert len(begun) <= runs
        for run in begun:
            assert sum(share.count for share in run) <= windows
            for share in run:
                told += 1
                taken[share.request] += range(share.first, share.first + share.count)
    assert len(queue) == 0
    assert told >= len(requests)
    assert [len(taken[request]) for request in requests] == asked
    assert all(taken[request] == list(range(request.windows)) for request in requests)
    assert all(request.cuts == 1 for request in requests)
