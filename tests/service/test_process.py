"""The service as a process: how it starts, what keeps it from starting, and how it stops."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from model.pose.artifact import METADATA_KEY
from service.__main__ import main
from tests.service.artifacts import KINECT, write
from tests.service.bodies import body, hello, pose
from tests.service.process import ROOT, ServerProcess, command
from tests.service.wire import wire

Failures = dict[str, tuple[int, str, str]]

REFUSED = {
    "missing": r"missing\.onnx: an artifact is an \.onnx file, there is no such file",
    "garbage": r"garbage\.onnx: not an ONNX file that can be run: .+",
    "bare": r"bare\.onnx: an artifact carries the metadata key 'posewire'; this ONNX file has none",
    "other contract": r"future\.onnx: the artifact follows contract 2, this posewire reads 1; .+",
    "wrong shape": r"liar\.onnx: clip has the shape \(batch, 3, 24, 20, 1\); the metadata declares "
    r"\(\?, 3, 32, 20, 1\), where only \? is dynamic",
    "wrong labels": r"more\.onnx: logits has the shape .+, 3\); the metadata declares .+, 4\).+",
    "port in use": r"cannot listen on 127\.0\.0\.1:\d+: Address already in use",
    "no such host": r"cannot listen on no\.such\.host\.invalid:0: .+",
    "wrong setting": r"the setting POSEWIRE_IDLE_S is wrong: .+ valid number.+, got 'soon'",
    "misspelt setting": r"the environment has POSEWIRE_IDEL_S, .+; POSEWIRE_IDLE_S is one",
    "exposed": r"0\.0\.0\.0 is reached by other machines, .+_TOKENS, or set POSEWIRE_INSECURE=true",
    "no tokens": r"nowhere: no tokens can be read: No such file or directory",
    "no certificate": r"no\.pem and no\.pem are no certificate and its key: .+",
    "wrong port": r"argument --port: invalid int value: 'http'; see .+ serve --help",
    "unknown option": r"unrecognized arguments: --modle; see python -m service --help",
    "no command": r"the following arguments are required: command; see .+",
}


STARTS = """
import contextlib, io, json, os, sys
from service.__main__ import main
for arguments, settings in json.load(sys.stdin):
    os.environ.update(settings)
    said, complaint = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complaint):
        try:
            status = main(arguments)
        except SystemExit as ended:
            status = ended.code
    for name in settings:
        del os.environ[name]
    print(json.dumps([status, said.getvalue(), complaint.getvalue()]))
"""
"""Starts the service once for each line of arguments and settings: importing it takes longest."""


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> Failures:
    """Name → exit status, stdout and stderr of each start that must fail."""
    place = tmp_path_factory.mktemp("refused")
    (place / "garbage.onnx").write_bytes(b"\x08\x07not at all" * 99)
    write(place / "bare.onnx", metadata={})
    future = msgspec.json.decode(KINECT.to_metadata()[METADATA_KEY]) | {"contract": 2}
    write(place / "future.onnx", metadata={METADATA_KEY: msgspec.json.encode(future).decode()})
    write(place / "liar.onnx", metadata=replace(KINECT, frames=32).to_metadata())
    more = replace(KINECT, labels=(*KINECT.labels, "wave"))
    write(place / "more.onnx", metadata=more.to_metadata())
    good = ["serve", "--port", "0", "--model", str(write(place / "good.onnx"))]

    def serving(name: str) -> list[str]:
        return ["serve", "--port", "0", "--model", str(place / f"{name}.onnx")]

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        starts: dict[str, tuple[list[str], dict[str, str]]] = {
            "garbage": (serving("garbage"), {}),
            "bare": (serving("bare"), {}),
            "other contract": (serving("future"), {}),
            "wrong shape": (serving("liar"), {}),
            "wrong labels": (serving("more"), {}),
            "port in use": ([*good, "--port", port], {}),
            "no such host": (good, {"HOST": "no.such.host.invalid"}),
            "wrong setting": (good, {"IDLE_S": "soon"}),
            "misspelt setting": (good, {"IDEL_S": "9"}),
            "exposed": (good, {"HOST": "0.0.0.0"}),
            "no tokens": (good, {"TOKENS": "nowhere"}),
            "no certificate": (good, {"TLS_CERTIFICATE": "no.pem", "TLS_KEY": "no.pem"}),
            "wrong port": (["serve", "--port", "http"], {}),
            "unknown option": (["serve", "--modle"], {}),
            "no command": ([], {}),
        }
        asked = [
            (arguments, {f"POSEWIRE_{name}": value for name, value in settings.items()})
            for arguments, settings in starts.values()
        ]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("POSEWIRE_")}
        ended = subprocess.run(
            [sys.executable, "-c", STARTS],
            input=json.dumps(asked),
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert (ended.returncode, ended.stderr) == (0, "")
    told = [json.loads(line) for line in ended.stdout.splitlines()]
    failures = {name: (each[0], each[1], each[2]) for name, each in zip(starts, told, strict=True)}
    # One as a person starts it: its status is that of the process.
    alone = command(*serving("missing"))
    said, complaint = alone.communicate(timeout=60)
    return failures | {"missing": (alone.returncode, said, complaint)}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_served_is_one_sentence_and_exit_2(name: str, failures: Failures) -> None:
    """Exactly one line on stderr says what is wrong, nothing on stdout, exit status 2."""
    status, said, complaint = failures[name]
    assert (status, said) == (2, "")
    assert re.fullmatch(f"posewire: .*{REFUSED[name]}\n", complaint), complaint


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_it_and_tells_its_clients(
    number: signal.Signals, kinect_artifact: Path
) -> None:
    """With streams open it ends with status 0 within seconds, and each client sees 1012 and why.

    So does one that is in the middle of its frames.
    """
    server = ServerProcess(kinect_artifact)
    async with wire(server.stream) as quiet, wire(server.stream) as busy:
        await quiet.ask(hello(KINECT))
        await busy.ask(hello(KINECT, drop="never"))

        async def stream() -> None:
            for frame in range(100_000):
                await busy.send(pose(frame, body(KINECT)))
                await asyncio.sleep(0.001)

        streaming = asyncio.create_task(stream())
        await busy.receive("actions")
        begun_s = time.perf_counter()
        stopping = asyncio.create_task(asyncio.to_thread(server.stop, number))
        await asyncio.gather(quiet.rest(), busy.rest())
        for client in (quiet, busy):
            assert await client.closed() == (1012, "the server is stopping; connect again")
        await stopping
        assert time.perf_counter() - begun_s < 10
        await asyncio.gather(streaming, return_exceptions=True)


def test_help_says_defaults_and_units(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` names every argument's default and its environment variable, on stdout, exit 0."""
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == 0
    assert "port to listen on; 0 takes a free one (default 8000; POSEWIRE_PORT)" in said
