"""`posewire-stream top`: the figures of a server's page, and the real command at a real server."""

import asyncio
import json
import subprocess
import sys

import pytest

from posewire_client.load_view import screen, server_load
from posewire_client.metrics_page import MetricsPage
from tests.service.artifacts import KINECT
from tests.service.bodies import WARM, body, hello, pose
from tests.service.process import ServerProcess
from tests.service.wire import wire

COMMAND = [sys.executable, "-m", "posewire_client", "top"]

BEFORE = """\
# HELP posewire_frames_total Frames
posewire_sessions{state="streaming"} 1.0
posewire_frames_total{kind="pose"} 100.0
posewire_answers_total{model="hands@1"} 90.0
posewire_dropped_total{cause="superseded"} 4.0
posewire_batch_windows_sum{model="hands@1",provider="CPUExecutionProvider"} 40.0
posewire_batch_windows_count{model="hands@1",provider="CPUExecutionProvider"} 40.0
posewire_queue_seconds_bucket{le="0.01",model="hands@1"} 90.0
posewire_queue_seconds_bucket{le="0.02",model="hands@1"} 90.0
posewire_queue_seconds_bucket{le="+Inf",model="hands@1"} 90.0
posewire_model_loaded{model="hands@1",provider="CPUExecutionProvider"} 1.0
posewire_degraded 0.0
"""
NOW = """\
posewire_sessions{state="greeting"} 0.0
posewire_sessions{state="streaming"} 3.0
posewire_frames_total{kind="pose"} 150.0
posewire_frames_total{kind="image"} 10.0
posewire_answers_total{model="hands@1"} 130.0
posewire_dropped_total{cause="superseded"} 5.0
posewire_dropped_total{cause="rate"} 2.0
posewire_batch_windows_sum{model="hands@1",provider="CPUExecutionProvider"} 70.0
posewire_batch_windows_count{model="hands@1",provider="CPUExecutionProvider"} 50.0
posewire_queue_seconds_bucket{le="0.01",model="hands@1"} 110.0
posewire_queue_seconds_bucket{le="0.02",model="hands@1"} 129.0
posewire_queue_seconds_bucket{le="+Inf",model="hands@1"} 130.0
posewire_model_loaded{model="hands@1",provider="CPUExecutionProvider"} 1.0
posewire_degraded 1.0
"""


def test_figures_are_what_happened_between_two_looks() -> None:
    """Rates over two seconds, sessions as they are now, and quantiles computed by hand.

    Of 40 frames 20 waited up to 10 ms and 19 more up to 20 ms: half of them is at 10 ms, and 99 %,
    39.6 frames, lies beyond the largest bound, which is then told.
    """
    load = server_load(MetricsPage.read(BEFORE), MetricsPage.read(NOW), 2.0)
    assert load.sessions == {"greeting": 0, "streaming": 3}
    assert (load.frames_hz, load.labels_hz) == (30.0, 20.0)
    assert load.dropped_hz == {"superseded": 0.5, "rate": 1.0}
    assert load.degraded
    (model,) = load.models
    assert (model.name, model.provider, model.labels_hz) == ("hands@1", "CPU", 20.0)
    assert (model.runs_hz, model.run_windows) == (5.0, 3.0)
    assert (model.queue_ms, model.infer_ms) == ((10.0, 20.0), None)
    lines = "\n".join(screen(load))
    assert "sessions  0 greeting, 3 streaming" in lines
    assert "dropped   1.5/s (0.5 superseded, 1.0 rate)" in lines
    assert "degraded" in lines
    assert "10.0 20.0" in lines


def test_a_server_that_began_anew_counts_from_nothing() -> None:
    """Counters that shrank are taken whole; nothing is ever negative."""
    load = server_load(MetricsPage.read(NOW), MetricsPage.read(BEFORE), 1.0)
    assert (load.frames_hz, load.labels_hz) == (100.0, 90.0)
    assert load.dropped_hz == {"superseded": 4.0}


def test_versions_of_a_model_are_told_apart() -> None:
    """While one is swapped for another both are listed, each with its own figures."""
    newer = NOW + "".join(
        line.replace("hands@1", "hands@2") + "\n" for line in BEFORE.splitlines() if "hands" in line
    )
    load = server_load(MetricsPage.read(BEFORE), MetricsPage.read(newer), 2.0)
    assert [(model.name, model.labels_hz, model.runs_hz) for model in load.models] == [
        ("hands@1", 20.0, 5.0),
        ("hands@2", 45.0, 20.0),
    ]
    assert load.labels_hz == 65.0


def test_within_a_bucket_a_quantile_is_where_its_share_lies() -> None:
    """Of ten within 0 to 4, half are at 2; of no samples there is none."""
    page = MetricsPage.read('h_bucket{le="4"} 10\nh_bucket{le="+Inf"} 10\n')
    assert page.quantile(0.5, "h") == 2.0
    assert MetricsPage().quantile(0.5, "h") is None
    with pytest.raises(ValueError, match="expected a metric, its labels and a number; got <html>"):
        MetricsPage.read("<html>")


async def test_it_shows_what_a_real_server_does(server: ServerProcess) -> None:
    """A client streams beside it: its session, frames, labels, and how long they waited."""
    async with wire(server.stream) as client:
        await client.ask(hello(KINECT, drop="never"))
        shown = await asyncio.create_subprocess_exec(
            *COMMAND, "--url", server.stream, "--every", "1", "--times", "3", "--json",
            stdout=subprocess.PIPE,
        )  # fmt: skip
        sent = 0
        while shown.returncode is None:
            await client.send(pose(sent, body(KINECT)))
            sent += 1
            await asyncio.sleep(0.02)
        assert shown.stdout is not None
        loads = [json.loads(line) for line in (await shown.stdout.read()).splitlines()]
        await client.send({"type": "bye"})
        await client.rest()
    assert shown.returncode == 0
    assert len(loads) == 3
    assert sent > WARM
    last = loads[-1]
    assert last["sessions"]["streaming"] == 1
    assert last["frames_hz"] > 1
    (model,) = last["models"]
    assert (model["name"], model["provider"]) == ("hands@1", "CPU")
    assert model["labels_hz"] == last["labels_hz"] > 1
    assert 1 <= model["run_windows"] <= 4
    for quantiles in (model["queue_ms"], model["infer_ms"]):
        assert 0 < quantiles[0] <= quantiles[1]


def test_a_screen_is_text_and_what_is_wrong_a_sentence(server: ServerProcess) -> None:
    """Without a terminal there are no escapes; a wrong address is status 2 and one line."""

    def run(*options: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*COMMAND, *options], capture_output=True, text=True, timeout=60, check=False
        )

    shown = run("--url", server.stream, "--every", "0.1", "--times", "1")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "hands@1 (CPU)" in shown.stdout
    assert "\x1b" not in shown.stdout
    for options, sentence in (
        (("--url", "http://x"), "'http://x' is not the address of a posewire server; "),
        (
            ("--url", "ws://127.0.0.1:9/v1/stream"),
            "no posewire server answers at http://127.0.0.1:9",
        ),
        (
            ("--url", server.stream.replace("/v1/", "/elsewhere/v1/")),
            f"metrics at {server.http}/elsewhere/metrics, got HTTP 404 (Not Found)",
        ),
        (("--every", "0"), "argument --every: expected a number above 0, got 0"),
        (("--every", "1e20"), "argument --every: expected 2147483647 at most, got 1e20"),
        (("--times", str(10**30)), "argument --times: expected 2147483647 at most, got 1000000"),
    ):
        failed = run(*options)
        assert failed.returncode == 2
        assert sentence in failed.stderr
        assert failed.stderr.count("\n") == 1
