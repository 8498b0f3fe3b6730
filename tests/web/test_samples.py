"""The samples of the page, as it sends them, and what the everyday model says of them."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.page import answers_due
from model.pose.artifact import BACKGROUND, WARMING
from model.pose.artifact_session import ArtifactSession
from model.pose.layout import layout_named
from model.pose.stream import LabelStream
from tests.web.page_process import ROOT

WEB = ROOT / "clients" / "web"
COCO = layout_named("coco17")
SHOWN = {
    "wave": {"wave"},
    "clap": {"clap"},
    "raise": {"raise right arm"},
    "walk": {"walk"},
    "sit": {"sit down", "stand up"},
    "pick-up": {"pick up"},
    "squat": {"squat"},
    "kick": {"kick"},
    "jump": {"jump"},
}
"""A sample's id → what its person does, beside standing."""


@cache
def samples(place: Path) -> dict[str, Any]:
    """The samples' keypoints, from the page's own code."""
    bundler = WEB / "node_modules" / ".bin" / "rolldown"
    if shutil.which("node") is None or not bundler.exists():
        pytest.skip("npm ci has not been run in clients/web")
    script = place / "keypoints.mjs"
    source = WEB / "page" / "tests" / "keypoints.ts"
    subprocess.run([bundler, source, "--file", script], cwd=WEB, check=True, capture_output=True)
    done = subprocess.run(["node", script], capture_output=True, text=True, check=True, timeout=150)
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


def said_of(
    frames: Sequence[Sequence[list[float]]], hz: float, session: ArtifactSession
) -> list[str]:
    """What is said of a sample's first person, frame by frame; empty where it is not known."""
    stream = LabelStream(session.spec, COCO, (960, 600))
    said = []
    for number, people in enumerate(frames):
        rows = np.insert(np.reshape(people[0], (-1, 3)), 2, 0, axis=1).astype(np.float32)
        stream.push(1000 * number / hz, {1: rows})
        for answers in answers_due(stream, session):
            decisions = (answer.people[0][1] for answer in answers)
            said += [each.label if each.known else "" for each in decisions]
    return said


@pytest.mark.parametrize("name", SHOWN)
def test_a_sample_shows_what_its_card_says(
    name: str, everyday: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It is said for a while, and longer than any other action is."""
    told = samples(tmp_path_factory.getbasetemp())
    (frames,) = [each["frames"] for each in told["samples"] if each["id"] == name]
    said = said_of(frames, told["hz"], ArtifactSession(everyday, threads=1))
    counts = {label: said.count(label) for label in set(said) - {BACKGROUND, WARMING, ""}}
    right = sum(counts.pop(label, 0) for label in SHOWN[name])
    assert right > 0.1 * len(said), counts
    assert right > max(counts.values(), default=0), counts


def test_nobody_is_said_to_do_what_they_do_not(
    everyday: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Bending sideways was never trained: most of the time nothing is said of it."""
    told = samples(tmp_path_factory.getbasetemp())
    (frames,) = [each["frames"] for each in told["samples"] if each["id"] == "side-bends"]
    said = said_of(frames, told["hz"], ArtifactSession(everyday, threads=1))
    assert sum(label in (BACKGROUND, WARMING, "") for label in said) > len(said) / 2
