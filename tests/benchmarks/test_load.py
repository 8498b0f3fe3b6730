"""The load: what its clients send and note, and a small one against a real server."""

import json
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve

from benchmarks.__main__ import main
from benchmarks.load import Load, measure_load
from benchmarks.load_clients import WARM_UP_S, Answer, Client, Plan, seen_by
from benchmarks.load_figures import LoadPlan, of_streams, row
from benchmarks.load_poses import recorded, wandering
from benchmarks.memory_slope import UNKNOWN
from model.pose.artifact import ArtifactSpec
from model.pose.recording import write_recording
from model.pose.store import PoseClip
from tests.service.artifacts import COCO, KINECT

WARM_MS = WARM_UP_S * 1000


def test_beyond_the_hop_counts_from_the_frame_that_ended_the_window() -> None:
    """Four frames of one run waited for the fourth; only what came after it is beyond the hop.

    Frames of the warm-up count for nothing.
    """
    client = Client(Plan("", {}, [], [0], 1, 30.0, 1.0), 0)
    client.answers = [
        Answer(0.0, 1.0, 1.5, 0.1, 7.0),
        Answer(WARM_MS, 5.00, 5.120, 93.0, 8.0),
        Answer(WARM_MS + 30, 5.03, 5.121, 63.0, 8.0),
        Answer(WARM_MS + 60, 5.06, 5.122, 33.0, 8.0),
        Answer(WARM_MS + 90, 5.09, 5.123, 3.0, 8.0),
        Answer(WARM_MS + 120, 5.12, 5.15, 93.0, 8.0),
    ]
    client.sent, client.dropped, client.errors = 7, 1, ["it broke"]
    seen = seen_by([client])
    delays = np.frombuffer(seen.delays_ms, np.float32)
    beyond = np.frombuffer(seen.beyond_ms, np.float32)
    np.testing.assert_allclose(delays, [120, 91, 62, 33, 30], atol=1e-3)
    np.testing.assert_allclose(beyond, [30, 31, 32, 33, 30], atol=1e-3)
    assert (seen.sent, seen.answered, seen.dropped, seen.errors) == (7, 6, 1, ["it broke"])


async def test_an_error_without_words_is_called_by_its_kind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that never closes ends in a timeout, which says nothing of itself."""
    monkeypatch.setattr("benchmarks.load_clients.connected", Mock(side_effect=TimeoutError))
    client = Client(Plan("ws://127.0.0.1:9", {}, [[b""]], [0], 1, 30.0, 0.1), 0)
    await client.run()
    assert client.errors == ["client 0: TimeoutError"]


async def test_what_a_client_cannot_read_is_an_error_that_it_saw() -> None:
    """A message that is cut short costs that client its run, and the others nothing."""

    async def cut_short(connection: ServerConnection) -> None:
        await connection.send(b"")
        await connection.wait_closed()

    async with serve(cut_short, "127.0.0.1", 0) as server:
        host, port = next(iter(server.sockets)).getsockname()
        poses = [[b"\0" * 320]]
        client = Client(Plan(f"ws://{host}:{port}", {}, poses, [0], 1, 30.0, 0.1), 0)
        await client.run()
    assert client.errors == ["client 0: no message of the server: Input data was truncated"]
    assert seen_by([client]).sent == 3


def test_the_figures_of_all_runs_have_one_note() -> None:
    """Unless a run saw errors, so that a table says once what holds for all of its rows."""
    floats = np.ones(3, np.float32)
    calm = Load(1, floats, floats, floats, 90, 90, 0, (), 0.1, 0.1, 1.0, UNKNOWN)
    plan = LoadPlan(Path("any"))
    runs = [calm, replace(calm, clients=200, dropped=7), replace(calm, errors=("it broke",))]
    notes = [{figure.note for figure in of_streams(plan, KINECT, run)} for run in runs]
    assert notes[0] == notes[1]
    assert [len(each) for each in notes] == [1, 1, 1]
    assert notes[2].pop().endswith("With 1 clients there were 1 errors.")
    assert calm.frame_cpu_ms == pytest.approx(10 / 3)
    # Whoever answers half of the frames with as much work takes twice as long for each.
    assert replace(calm, answered=45, dropped=45).frame_cpu_ms == pytest.approx(20 / 3)


def test_a_recording_is_played_at_its_own_pace(tmp_path: Path) -> None:
    """Whatever the rate, what is sent is the frame nearest in time, the first person of it."""
    keypoints = np.zeros((4, 1, 20, 4), np.float32)
    keypoints[..., 3] = 1
    keypoints[:, 0, 0, 0] = [1, 2, 3, 4]
    clip = PoseClip("a", keypoints, np.array([100.0, 200.0, 300.0, 500.0]), subject=1)
    write_recording(tmp_path / "a.jsonl", clip, "kinect20")
    (poses,) = recorded(tmp_path, KINECT, rate_hz=20)
    assert (poses.dtype, poses.shape[1:]) == (np.dtype("<f4"), (20, 4))
    assert poses[:, 0, 0].tolist() == [1, 2, 2, 3, 3, 3, 4, 4]


def test_what_cannot_be_played_is_said_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No recordings, another layout's, or what is no recording: a sentence, and exit status 2."""
    assert main(["load", "--recordings", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert said.err == f"benchmarks: {tmp_path}: recordings are *.jsonl files, there are none\n"
    path = tmp_path / "a.jsonl"

    def frames(layout: str, *rows: list[list[float]]) -> bytes:
        hello = {"type": "hello", "layout": layout}
        poses = [
            {"type": "pose", "t_ms": 30 * place, "people": [{"keypoints": keypoints}]}
            for place, keypoints in enumerate(rows)
        ]
        return b"\n".join(json.dumps(message).encode() for message in (hello, *poses))

    flat, deep, unseen = [[1.0, 2.0, 1.0]], [[1.0, 2.0, 3.0, 1.0]], [[1.0, 2.0, 3.0, 0.0]]
    for content, expected in (
        (b"{", "a.jsonl: a recording is JSON Lines of the wire"),
        (b'{"type":"hello","layout":"coco18"}', "a.jsonl: layout 'coco18' is unknown"),
        (
            frames("coco17", *[flat * 17] * 2),
            "expected a recording in metres, got one of coco17 in a picture",
        ),
        (frames("kinect20"), "with people in two frames or more, got 0"),
        (frames("kinect20", deep * 20), "with people in two frames or more, got 1"),
        (frames("kinect20", deep * 20, deep * 19), "as many rows in each frame, all as long"),
        (frames("kinect20", *[deep * 19] * 2), "20 joints of kinect20, got 19 × 4 numbers"),
        (frames("kinect20", *[unseen * 20] * 2), "in which a joint is seen, all scores are 0"),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=expected):
            recorded(tmp_path, KINECT, 30)


@pytest.mark.parametrize("spec", [KINECT, COCO])
def test_bodies_made_by_code_are_keypoints_of_the_wire(spec: ArtifactSpec) -> None:
    """Rows are x, y, z, score in metres or x, y, score in a picture, and they move."""
    poses = wandering(spec, 2, 30, seed=1)
    assert poses.shape == (60, len(spec.joints), spec.dimensions + 1)
    assert (poses[..., -1] == 1).all()
    assert (poses[..., :-1].std(axis=0) > 0).all()


def test_a_load_on_a_real_server_loses_nothing(kinect_artifact: Path) -> None:
    """Two clients of a server process: every frame is labelled or, on a busy machine, dropped."""
    poses = [wandering(KINECT, 8, 30, seed=1)]
    load = measure_load(kinect_artifact, KINECT, poses, 2, 8.0, {"batch_windows": 4})
    assert (load.sent, load.answered + load.dropped, load.errors) == (480, 480, ())
    counted = 2 * (8 - WARM_UP_S) * 30
    assert counted - load.dropped <= len(load.delays_ms) == len(load.beyond_ms) <= counted
    assert 0 < load.beyond_ms.min() <= load.delays_ms.max() < 5000
    assert load.server_cores > 0
    assert 1 <= load.run_windows <= 4
    assert row(load).split()[0] == "2"
