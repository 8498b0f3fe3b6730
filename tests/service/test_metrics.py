"""Metrics: what is counted when something happens, and that the dashboard shows what there is."""

import json
import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from service.metrics import CONTENT_TYPE, Metrics
from tests.service.artifacts import KINECT
from tests.service.bodies import body, hello, pose
from tests.service.engines import HeldEngine
from tests.service.inside import serving
from tests.service.wire import wire

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD = ROOT / "docker" / "observability" / "dashboard.json"


def samples(page: str) -> dict[str, float]:
    """Sample with its labels → value."""
    return {
        sample.name
        + "".join(f"|{value}" for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def everything() -> Metrics:
    """Metrics to which everything has happened once."""
    metrics = Metrics()
    metrics.session_entered("greeting")
    metrics.session_ended(1000)
    metrics.session_ended(4999)
    metrics.frame_came("image")
    metrics.answered("hands@1", 0.004)
    metrics.dropped("superseded", 3)
    metrics.refused("too-large")
    metrics.batch_ran("hands@1", "CPU", windows=7, infer_s=0.03)
    metrics.batch_ran("hands@1", "CPU", windows=7, infer_s=0.03, failed=True)
    metrics.pose_found(0.02)
    metrics.pose_worker_lost()
    metrics.resumed("here")
    metrics.count_taught(lambda: 4)
    return metrics


def test_what_happened_is_on_the_page() -> None:
    """Each event moves its own sample, in buckets that tell a good run from a bad one."""
    found = samples(everything().page([("hands@1", "CPU")], degraded=True).decode())
    expected = {
        "posewire_sessions|greeting": 1,
        "posewire_sessions_ended_total|1000": 1,
        "posewire_sessions_ended_total|other": 1,
        "posewire_frames_total|image": 1,
        "posewire_answers_total|hands@1": 1,
        "posewire_queue_seconds_bucket|0.0025|hands@1": 0,
        "posewire_queue_seconds_bucket|0.005|hands@1": 1,
        "posewire_dropped_total|superseded": 3,
        "posewire_refusals_total|too-large": 1,
        "posewire_batch_windows_bucket|4.0|hands@1|CPU": 0,
        "posewire_batch_windows_bucket|8.0|hands@1|CPU": 1,
        "posewire_infer_seconds_sum|hands@1|CPU": 0.03,
        "posewire_runs_failed_total|hands@1|CPU": 1,
        "posewire_pose_workers_lost_total": 1,
        "posewire_resumes_total|here": 1,
        "posewire_taught_actions": 4,
        "posewire_degraded": 1,
        "posewire_model_loaded|hands@1|CPU": 1,
    }
    assert {name: found[name] for name in expected} == expected


def test_a_model_that_is_gone_is_no_longer_shown() -> None:
    """The page shows the models of now."""
    metrics = Metrics()
    metrics.page([("old@1", "CPU")], degraded=False)
    found = samples(metrics.page([("new@1", "CPU")], degraded=False).decode())
    assert [name for name in found if "loaded" in name] == ["posewire_model_loaded|new@1|CPU"]


def test_the_dashboard_shows_only_metrics_that_exist_and_all_of_them() -> None:
    """Every metric that a panel asks for is on the page, and every family has a panel."""
    families = {
        family.name: {sample.name for sample in family.samples}
        for family in text_string_to_metric_families(
            everything().page([("hands@1", "CPU")], degraded=False).decode()
        )
        if not family.name.endswith("_created")
    }
    panels = json.loads(DASHBOARD.read_text())["panels"]
    expressions = " ".join(target["expr"] for panel in panels for target in panel["targets"])
    asked = set(re.findall(r"posewire_\w+", expressions))
    assert asked <= set().union(*families.values())
    assert [name for name, own in families.items() if not own & asked] == []


async def test_a_stream_is_counted() -> None:
    """Sessions by state, frames, labels and runs of a real session are on the page it serves."""
    engine = HeldEngine(runs=1000)
    async with serving(engine) as server:
        async with wire(server.stream) as client:
            await client.ask(hello(KINECT))
            for frame in range(20):
                await client.ask(pose(frame, body(KINECT)))
            await client.ask("garbage")
            assert await server.count('posewire_sessions{state="streaming"}') == 1
            await client.send({"type": "bye"})
            await client.rest()
        await server.until_inside(0)
        page = await server.get("/metrics")
        assert page.headers["content-type"] == CONTENT_TYPE
        found = samples(page.text)
    assert found["posewire_sessions|streaming"] == found["posewire_sessions|greeting"] == 0
    assert found["posewire_sessions_ended_total|1000"] == 1
    assert found["posewire_frames_total|pose"] == 20
    assert found["posewire_refusals_total|not-decodable"] == 1
    assert found["posewire_batch_windows_count|hands@1|HeldExecutionProvider"] == len(engine.clips)
    assert found["posewire_answers_total|hands@1"] == 20
    assert found["posewire_queue_seconds_count|hands@1"] == 20
