"""What several packages' tests share: small artifacts, and a real server process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.service.artifacts import COCO, KINECT, write
from tests.service.process import ServerProcess

# A machine that is busy is no failure.
settings.register_profile("posewire", deadline=None)
settings.load_profile("posewire")


@pytest.fixture(scope="session")
def kinect_artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact of kinect20 in metres whose answers can be computed by hand."""
    return write(tmp_path_factory.mktemp("artifacts") / "kinect.onnx", KINECT)


@pytest.fixture(scope="session")
def coco_artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of coco17 in pictures."""
    return write(tmp_path_factory.mktemp("artifacts") / "coco.onnx", COCO)


@pytest.fixture(scope="session")
def server(kinect_artifact: Path) -> Iterator[ServerProcess]:
    """A server process of `kinect_artifact` with its default settings."""
    with ServerProcess(kinect_artifact) as process:
        yield process
