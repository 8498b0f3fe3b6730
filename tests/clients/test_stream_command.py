"""`posewire-stream` as a person or a script meets it: a process, its output, its exit code."""

import contextlib
import io
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from posewire_client import Actions, PersonAction, console, playback
from posewire_client.counts import Counts
from posewire_client.lines import lines
from tests.clients.fake_conversation import WARMING_FRAMES, label_of
from tests.clients.fake_memory import Memory
from tests.clients.fake_rules import Fault, Timing
from tests.clients.fake_server import FakeServer
from tests.clients.samples import keypoints, write_recording
from tests.patience import SOON_S

COMMAND = [sys.executable, "-m", "posewire_client"]


def run(recording: Path, url: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, str(recording), "--url", url, *options],
        capture_output=True,
        text=True,
        timeout=SOON_S,
        check=False,
    )


def parse(stdout: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stdout.splitlines()]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_recording(tmp_path / "walk.jsonl", 40)


def test_json_lines_are_every_message_and_a_summary(recording: Path) -> None:
    """`--fast --json` labels every frame, and the last line says what became of all of them."""
    with FakeServer() as server:
        result = run(recording, server.url, "--fast", "--json", "--top-k", "1")
    messages = parse(result.stdout)
    assert (result.returncode, result.stderr) == (0, "")
    assert messages[0]["type"] == "welcome"
    answers = [message for message in messages if message["type"] == "actions"]
    assert [answer["t_ms"] for answer in answers] == [frame * 10.0 for frame in range(40)]
    for frame, answer in enumerate(answers[WARMING_FRAMES:], start=WARMING_FRAMES):
        label, score = label_of(keypoints(frame))
        assert answer["people"] == [
            {"id": 1, "label": label, "score": score, "top": [[label, score]], "known": True}
        ]
    summary = messages[-1]
    assert summary.pop("seconds") < 5
    assert summary == {
        "type": "summary",
        "frames_sent": 40,
        "labels_received": 40,
        "dropped": 0,
        "errors": 0,
        "reconnects": 0,
        "ended": "complete",
    }
    assert server.sessions[0].hello["options"] == {"top_k": 1, "drop": "never"}
    assert server.sessions[0].binary


def test_lines_for_people_show_time_person_label_and_events(recording: Path) -> None:
    """Without `--json` there is a line a frame, events stand out, and the summary is a sentence."""
    with FakeServer() as server:
        result = run(recording, server.url, "--fast", "--encoding", "json")
    printed = result.stdout.splitlines()
    label, score = label_of(keypoints(39))
    assert result.returncode == 0
    assert not server.sessions[0].binary
    assert printed[0] == "connected: fake-1, 3 labels"
    assert f"    0.390 s  person 1  {label:<16}  {score:.2f}  {label} {score:.2f}" in result.stdout
    assert any("person 1  >> " in line and " begins" in line for line in printed)
    assert printed[-1].startswith(
        "complete: 40 frames sent, 40 labels, 0 dropped, 0 errors, 0 reco"
    )


def test_it_keeps_the_recordings_time(recording: Path) -> None:
    """Frames are not sent before they are due; ten times as slowly is told apart from at once."""
    with FakeServer() as server:
        result = run(recording, server.url, "--speed", "0.1")
    came_at_s = server.sessions[0].came_at_s
    assert result.returncode == 0
    assert len(came_at_s) == 40
    assert came_at_s[-1] - came_at_s[0] > 39 * 0.1 / 2


@pytest.mark.parametrize(("speed", "step_s"), [(1.0, 0.01), (0.5, 0.02)])
async def test_a_frame_is_due_at_its_own_time(
    speed: float, step_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As far from the first as it was recorded, divided by the speed, also after a late one."""
    now_s = 100.0

    async def sleep(seconds: float) -> None:
        nonlocal now_s
        now_s += seconds

    monkeypatch.setattr(playback, "time", SimpleNamespace(monotonic=lambda: now_s))
    monkeypatch.setattr(playback, "asyncio", SimpleNamespace(sleep=sleep))
    pace = playback.Pace(speed)
    began_s = []
    for frame in range(20):
        await pace.wait(700 + frame * 10.0)
        began_s.append(now_s - 100)
        now_s += 2.5 * step_s if frame == 4 else 0.0
    on_time = [frame * step_s for frame in range(20)]
    late = [on_time[4] + 2.5 * step_s] * 2
    assert began_s == pytest.approx(on_time[:5] + late + on_time[7:])


def test_a_slow_server_does_not_slow_the_recording_down(recording: Path) -> None:
    """In recorded time frames go out when they are due, labelled or not; dropped ones count."""
    with FakeServer(timing=Timing(label_s=1.0)) as server:
        result = run(recording, server.url, "--json")
    summary = parse(result.stdout)[-1]
    came_at_s = server.sessions[0].came_at_s
    assert came_at_s[-1] - came_at_s[0] < 39 * 1.0 / 2
    assert summary["frames_sent"] == 40
    assert summary["dropped"] > 10
    assert summary["labels_received"] + summary["dropped"] == 40


def test_an_unknown_movement_has_a_question_mark_and_warming_has_none() -> None:
    """What the model does not know is shown as its best guess with a doubt."""
    known = [("wave", True), ("wave", False), ("warming", False)]
    people = tuple(
        PersonAction(id=place, label=label, score=0.5, known=sure)
        for place, (label, sure) in enumerate(known)
    )
    shown = lines(Actions(t_ms=61_234.5, people=people))
    assert shown == [
        "   61.234 s  person 0  wave              0.50",
        "   61.234 s  person 1  wave?             0.50",
        "   61.234 s  person 2  warming           0.50",
    ]
    assert lines(Actions(t_ms=0.0, people=())) == ["    0.000 s  nobody"]


def test_refused_frames_are_shown_and_counted(tmp_path: Path) -> None:
    """Frames that the server will not have are said one by one; no label at all is exit 1."""
    path = write_recording(tmp_path / "walk.jsonl", 3, layout="kinect20")
    with FakeServer() as server:
        result = run(path, server.url, "--fast")
    printed = result.stdout.splitlines()
    assert printed[1:4] == ["error (keypoints): expected 20 keypoints, found 17"] * 3
    assert printed[-1].startswith("complete: 3 frames sent, 0 labels, 0 dropped, 3 errors")
    assert result.returncode == 1


def test_a_lost_connection_is_reported_and_survived(recording: Path) -> None:
    """A socket lost in mid-recording costs a line of output and no label."""
    with FakeServer(faults=[Fault(after_poses=15)]) as server:
        result = run(recording, server.url, "--fast", "--json")
    messages = parse(result.stdout)
    assert result.returncode == 0
    assert [one["attempt"] for one in messages if one["type"] == "reconnecting"] == [1]
    assert (messages[-1]["labels_received"], messages[-1]["reconnects"]) == (40, 1)


def test_a_set_of_taught_actions_is_named_and_a_recorded_token_is_not_used(tmp_path: Path) -> None:
    """`--taught` goes with the hello; after a loss the line says whether the session went on."""
    path = write_recording(tmp_path / "walk.jsonl", taught="away", resume="of somebody else")
    with FakeServer(faults=[Fault(after_poses=15)], memory=Memory()) as server:
        result = run(path, server.url, "--taught", "home")
        run(path, server.url, "--fast")
    hellos = [session.hello for session in server.sessions]
    assert [hello["taught"] for hello in hellos] == ["home", "home", "away"]
    assert [hello.get("resume") for hello in hellos] == [None, "token-1", None]
    assert result.returncode == 0
    assert "resumed: fake-1, 3 labels" in result.stdout.splitlines()


def test_bad_input_is_exit_code_2_and_one_sentence(tmp_path: Path, recording: Path) -> None:
    """A missing file, a wrong address, an absent and a refusing server: a sentence, no more."""
    stranger = write_recording(tmp_path / "stranger.jsonl", layout="stickman")
    with socket.socket() as place, FakeServer() as server:
        place.bind(("127.0.0.1", 0))
        silent = f"ws://127.0.0.1:{place.getsockname()[1]}/v1/stream"
        cases = [
            (tmp_path / "gone.jsonl", server.url, "there is no recording "),
            (recording, "http://127.0.0.1:1", "'http://127.0.0.1:1' is not the address of"),
            (recording, silent, f"no posewire server answers at {silent}: connection refused"),
            (recording, server.url + "s", "it answered HTTP 404 instead of opening a stream"),
            (stranger, server.url, "the server refused the stream: unknown layout stickman"),
        ]
        for path, url, sentence in cases:
            result = run(path, url)
            assert (result.returncode, result.stdout) == (2, "")
            assert sentence in result.stderr
            assert result.stderr.startswith("posewire-stream: ")
            assert result.stderr.count("\n") == 1


def test_frames_before_a_faulty_line_are_labelled(tmp_path: Path) -> None:
    """A recording that is broken in the middle is played up to there, then named."""
    path = write_recording(tmp_path / "torn.jsonl", 10)
    path.write_bytes(path.read_bytes()[:-20])
    with FakeServer() as server:
        result = run(path, server.url, "--fast", "--json")
    summary = parse(result.stdout)[-1]
    assert result.returncode == 2
    assert f"line 11 of {path} is not JSON" in result.stderr
    assert (summary["frames_sent"], summary["labels_received"]) == (9, 9)
    assert summary["ended"] == "failed"


@pytest.mark.parametrize(
    "options",
    [
        ("--speed", "0"),
        ("--speed", "fast"),
        ("--top-k", "0"),
        ("--top-k", str(10**30)),
        ("--people", str(10**30)),
        ("--fast", "--speed", "2"),
    ],
)
def test_options_that_make_no_sense_are_refused(recording: Path, options: tuple[str, ...]) -> None:
    """The command line is checked before anything is opened."""
    result = run(recording, "ws://127.0.0.1:9/v1/stream", *options)
    assert result.returncode == 2
    assert f"argument {options[-2] if len(options) == 2 else '--speed'}" in result.stderr
    assert result.stderr.count("\n") == 1


def test_ctrl_c_ends_with_the_summary(tmp_path: Path) -> None:
    """Interrupted in a loop, it leaves at once: exit code 130, the summary last, no traceback."""
    path = write_recording(tmp_path / "short.jsonl", 4)
    with FakeServer() as server:
        process = subprocess.Popen(
            [*COMMAND, str(path), "--url", server.url, "--loop", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        _wait_until(lambda: len(server.poses) > 10)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=SOON_S)
    times_ms = [pose["t_ms"] for pose in server.poses]
    assert times_ms == [frame * 10.0 for frame in range(len(times_ms))]
    assert (process.returncode, stderr) == (130, "")
    assert parse(stdout)[-1]["ended"] == "interrupted"


def test_a_closed_pipe_is_not_an_error_report(tmp_path: Path) -> None:
    """`posewire-stream … | head` ends quietly."""
    path = write_recording(tmp_path / "long.jsonl", 400)
    with FakeServer() as server:
        command = [*COMMAND, str(path), "--url", server.url, "--fast", "--loop"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(SOON_S) == 141
        assert process.stderr.read() == b""
        process.stderr.close()


def test_on_a_terminal_events_have_colour_and_long_work_has_progress(tmp_path: Path) -> None:
    """Progress is on stderr, and only where stderr is a terminal."""
    path = write_recording(tmp_path / "long.jsonl", 25, step_ms=100.0)
    master, terminal = pty.openpty()
    with FakeServer() as server:
        process = subprocess.Popen(
            [*COMMAND, str(path), "--url", server.url],
            stdout=terminal,
            stderr=terminal,
            env={key: value for key, value in os.environ.items() if key != "NO_COLOR"},
        )
        os.close(terminal)
        seen = _read_to_the_end(master)
        assert process.wait(SOON_S) == 0
    progress = re.search(r"\d+%  \d+ frames sent, \d+ labels, 0 dropped", seen)
    assert progress is not None
    assert re.search(r"\x1b\[1;32m +\d\.\d+ s  person 1  >> \w+ begins", seen)
    assert seen.rstrip().splitlines()[-1].endswith(" s")


def test_progress_begins_after_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short work has none; longer work's is drawn again every fifth of a second."""
    now_s = 0.0
    monkeypatch.setattr(console, "time", SimpleNamespace(monotonic=lambda: now_s))
    terminal = Terminal()
    shown = console.Console(terminal, terminal, as_json=False)
    drawn_s = []
    for step in range(21):
        now_s = step * 0.15
        before = terminal.getvalue()
        shown.progress(step / 21, Counts())
        if terminal.getvalue() != before:
            drawn_s.append(now_s)
    assert drawn_s == pytest.approx([2.1, 2.4, 2.7, 3.0])


class Terminal(io.StringIO):
    """What is written to a terminal."""

    def isatty(self) -> bool:
        return True


def _read_to_the_end(terminal: int) -> str:
    seen = b""
    # Linux says with an error that nobody holds the other side any more.
    with contextlib.suppress(OSError):
        while chunk := os.read(terminal, 1 << 16):
            seen += chunk
    os.close(terminal)
    return seen.decode()


def _wait_until(happened: Callable[[], bool], longest_s: float = SOON_S) -> None:
    end_s = time.monotonic() + longest_s
    while not happened():
        assert time.monotonic() < end_s
        time.sleep(0.01)
