"""Traces: what is told of a session, to whom, and that nothing of what a client sent is."""

import asyncio
import gzip
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from subprocess import run
from threading import Thread

import httpx
import numpy as np
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from model.pose.artifact_session import CPU, Outputs
from service.batcher import Answered
from service.settings import Settings
from service.tracing import NO_TRACE, NoTracing, tracing_of
from service.tracing_otel import CLOSE_S, OtelTracing, collector
from tests.patience import SOON_S
from tests.service.artifacts import KINECT
from tests.service.bodies import WARM, body, hello, pose
from tests.service.process import ROOT, ServerProcess
from tests.service.wire import wire

TELLTALE = 0.71828125
"""A coordinate that float32 holds exactly, and nothing else in the service is."""


def answered(begun_s: float, ended_s: float, windows: int) -> Answered:
    return Answered(Outputs(*np.zeros((2, windows, 1), np.float32)), begun_s, ended_s)


def test_a_session_s_span_holds_what_each_run_waited_and_took() -> None:
    """Of a run asked for at 5 s, begun at 7 s and done at 8 s: two seconds and one, at their times.

    A run of no windows is none.
    """
    exporter = InMemorySpanExporter()
    tracing = OtelTracing(exporter)
    trace = tracing.session("abc", "hands@1", "CPUExecutionProvider", "kinect20", resumed=False)
    began_s = time.monotonic()
    trace.ran(began_s - 5, answered(began_s - 3, began_s - 2, windows=4))
    trace.ran(began_s, answered(began_s, began_s, windows=0))
    trace.ended(1000, received=9, sent=8, dropped=1)
    tracing.close()
    wait, infer, session = exporter.get_finished_spans()
    assert [span.name for span in (wait, infer, session)] == ["wait", "infer", "session"]
    assert session.context is not None
    for span, seconds, ago_s in ((wait, 2, 5), (infer, 1, 3)):
        assert span.start_time is not None
        assert span.end_time is not None
        assert (span.end_time - span.start_time) / 1e9 == pytest.approx(seconds, abs=1e-3)
        assert time.time() - span.start_time / 1e9 == pytest.approx(ago_s, abs=2)
        assert span.parent == session.context
        assert dict(span.attributes or {}) == {"posewire.windows": 4}
    assert dict(session.attributes or {}) == {
        "posewire.session": "abc",
        "posewire.model": "hands@1",
        "posewire.provider": "CPUExecutionProvider",
        "posewire.layout": "kinect20",
        "posewire.resumed": False,
        "posewire.code": 1000,
        "posewire.received": 9,
        "posewire.sent": 8,
        "posewire.dropped": 1,
    }
    assert session.resource.attributes["service.name"] == "posewire"


def test_nothing_is_traced_unless_it_is_asked_for() -> None:
    """All sessions then share one trace, which does nothing; what sends them is not even read."""
    tracing = tracing_of(Settings())
    assert isinstance(tracing, NoTracing)
    assert tracing.session("a", "hands@1", "CPU", "kinect20", resumed=False) is NO_TRACE
    assert tracing.recording("hands@1", "CPU", "kinect20") is NO_TRACE
    code = "import sys, service.app; sys.exit('service.tracing_otel' in sys.modules)"
    assert run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@contextmanager
def collecting() -> Iterator[tuple[str, list[bytes]]]:
    """A collector on this machine: its address, and what it was told."""
    told: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            zipped = self.headers.get("Content-Encoding") == "gzip"
            told.append(gzip.decompress(content) if zipped else content)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/traces", told
        finally:
            server.shutdown()
            thread.join()


def said_of(span: Span) -> dict[str, str | int | bool]:
    """The attributes of a span, without what they all begin with."""
    return {
        attribute.key.removeprefix("posewire."): getattr(
            attribute.value, attribute.value.WhichOneof("value") or ""
        )
        for attribute in span.attributes
    }


async def test_a_collector_is_told_of_sessions_and_recordings_and_never_of_what_they_sent(
    kinect_artifact: Path,
) -> None:
    """A real process, stopped right after them: all of their spans have come by then.

    A recording is a trace of its own, also one that is refused.
    """
    people = body(KINECT)
    people[:, 0] = TELLTALE
    frames = [pose(frame, people) for frame in range(WARM + 3)]
    with collecting() as (address, told):
        with ServerProcess(kinect_artifact, otlp_url=address) as server:
            async with wire(server.stream) as client:
                welcome = await client.ask(hello(KINECT, drop="never"))
                await client.send(*frames, {"type": "bye"})
                await client.rest()
            async with httpx.AsyncClient(base_url=server.http, timeout=SOON_S) as pages:
                for posted in (frames, [*frames, frames[0]]):
                    await pages.post("/v1/actions", json={**hello(KINECT), "frames": posted})
            await asyncio.sleep(0.1)
        requests = [ExportTraceServiceRequest.FromString(content) for content in told]
    (resource,) = {str(each.resource) for r in requests for each in r.resource_spans}
    assert "posewire" in resource
    spans = [
        span
        for request in requests
        for of_resource in request.resource_spans
        for of_scope in of_resource.scope_spans
        for span in of_scope.spans
    ]
    whole = {span.trace_id: span.name for span in spans if span.name not in ("wait", "infer")}
    inside = Counter((whole[s.trace_id], s.name) for s in spans if s.name in ("wait", "infer"))
    assert sorted(whole.values()) == ["recording", "recording", "session"]
    for kind in ("recording", "session"):
        assert inside[kind, "wait"] == inside[kind, "infer"] > 0
    recordings = [said_of(span) for span in spans if span.name == "recording"]
    expected = {"model": "hands@1", "provider": CPU[0], "layout": "kinect20", "received": 1}
    assert recordings == [
        expected | {"code": 200, "sent": WARM + 3, "dropped": 0},
        expected | {"code": 422, "sent": 0, "dropped": 0},
    ]
    said = "".join(map(str, requests))
    assert welcome["session"] in said
    assert "0.718" not in said
    assert {attribute.key for span in spans for attribute in span.attributes} <= {
        f"posewire.{name}"
        for name in (
            *("session", "model", "provider", "layout", "resumed", "windows"),
            *("code", "received", "sent", "dropped"),
        )
    }


async def test_a_collector_that_is_not_there_costs_its_spans_and_nothing_else(
    kinect_artifact: Path,
) -> None:
    """Labels come, and the process ends within seconds; the log says what was lost."""
    server = ServerProcess(kinect_artifact, otlp_url="http://127.0.0.1:9/v1/traces")
    async with wire(server.stream) as client:
        await client.ask(hello(KINECT, drop="never"))
        await client.send(*(pose(frame, body(KINECT)) for frame in range(WARM)), {"type": "bye"})
        assert [m["type"] for m in await client.rest()].count("actions") == WARM
    begun_s = time.perf_counter()
    server.send_signal(15)
    server._process.wait(SOON_S)
    assert time.perf_counter() - begun_s < 25
    assert server._process.returncode == 0
    server.kill()


def test_a_collector_that_takes_nothing_does_not_hold_the_end_up() -> None:
    """It accepts and never answers, and several batches wait: closing gives up after `CLOSE_S`."""
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        tracing = OtelTracing(collector(f"http://127.0.0.1:{deaf.getsockname()[1]}/v1/traces"))
        for number in range(3_000):
            tracing.session(f"s{number}", "m@1", "CPU", "coco17", resumed=False).ended(
                1000, 1, 1, 0
            )
        begun_s = time.monotonic()
        tracing.close()
        assert time.monotonic() - begun_s < CLOSE_S + 20
    # What still tries to send would use `random` beneath the tests that follow.
    for thread in set(threading.enumerate()) - before:
        thread.join(60)
        assert not thread.is_alive(), thread


def test_without_opentelemetry_it_is_said_in_one_sentence(kinect_artifact: Path) -> None:
    """Where traces are asked for and the extra is not installed, the start ends with status 2."""
    code = (
        "import sys; sys.modules['opentelemetry.sdk'] = None\n"
        "from service.__main__ import main\n"
        f"sys.exit(main(['serve', '--port', '0', '--model', {str(kinect_artifact)!r}]))"
    )
    ended = run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"POSEWIRE_OTLP_URL": "http://127.0.0.1:4318/v1/traces"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert ended.stderr.startswith("posewire: POSEWIRE_OTLP_URL asks for traces, and what sends ")
    assert "install posewire with its extra otel" in ended.stderr
