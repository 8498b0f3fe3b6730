"""The Dockerfiles hold what docker/README.md says, as far as that shows without an engine."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from release.shipped import EXTRAS
from tests.docker.dockerfile import DOCKERFILES, ROOT, copied_sources, stages, target

SERVICE = ROOT / "docker" / "service.Dockerfile"
FINAL = [
    pytest.param(SERVICE, "cpu", id="cpu"),
    pytest.param(SERVICE, "gpu", id="gpu"),
    pytest.param(ROOT / "docker" / "camera.Dockerfile", "", id="camera"),
    pytest.param(ROOT / "docker" / "training.Dockerfile", "", id="training"),
]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_what_is_copied_exists() -> None:
    """Every COPY names something that the repository has."""
    sources = {source for dockerfile in DOCKERFILES for source in copied_sources(dockerfile)}
    assert not {source for source in sources if not list(ROOT.glob(source))}


def test_the_context_is_just_what_is_copied() -> None:
    """.dockerignore shuts everything out, then lets in what a COPY names and nothing else."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert (rules[0], rules[-1]) == ("*", "**/__pycache__")
    assert all(rule.startswith("!") for rule in rules[1:-1])
    let_in = {rule.removeprefix("!") for rule in rules[1:-1]}
    sources = {source for dockerfile in DOCKERFILES for source in copied_sources(dockerfile)}
    inside = {one for one in sources if {str(p) for p in Path(one).parents} & let_in}
    assert let_in == sources - inside
    assert not let_in & {".venv", "data", "runs", "tests", ".env", "docker/files"}


def test_what_is_copied_serves(tmp_path: Path) -> None:
    """The files of the stage `app`, alone in a folder, are enough to serve the default model."""
    (app,) = [stage for stage in stages(SERVICE) if stage.name == "app"]
    for sources, destination in app.copies():
        for path in [path for source in sources for path in ROOT.glob(source)]:
            if path.is_dir():
                shutil.copytree(path, tmp_path / destination)
            else:
                copied = tmp_path / destination / path.name
                copied.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copied)
    doctor = subprocess.run(
        [sys.executable, "-m", "service", "doctor", "--port", "0"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    assert str(tmp_path / "weights") in doctor.stdout


def test_all_that_serves_reaches_the_image() -> None:
    """What the stage `app` lays into folders, the served image takes over by folder."""
    (app,) = [stage for stage in stages(SERVICE) if stage.name == "app"]
    laid = {destination.strip("./").split("/")[0] or "LICENSE" for _, destination in app.copies()}
    taken = {copy.split()[1].rpartition("/")[2] for copy in target(SERVICE, "cpu").all("COPY")}
    assert laid <= taken


@pytest.mark.parametrize(("dockerfile", "name"), FINAL)
def test_every_stage_has_the_same_named_base(dockerfile: Path, name: str) -> None:
    """The environment is made by the Python that runs it, and no base is whatever is latest."""
    names = {stage.name for stage in stages(dockerfile)} - {""}
    (base,) = {stage.base for stage in stages(dockerfile)} - names
    assert re.fullmatch(r"docker\.io/library/debian:[a-z]+-slim", base)
    (label,) = target(dockerfile, name).all("LABEL")
    assert f'org.opencontainers.image.base.name="{base}"' in label


@pytest.mark.parametrize(("dockerfile", "name"), FINAL)
def test_an_image_runs_as_nobody_in_particular(dockerfile: Path, name: str) -> None:
    """The user is a number other than root's, a signal reaches the process, its version is ours."""
    image = target(dockerfile, name)
    (user,) = image.all("USER")
    assert all(int(part) > 0 for part in user.split(":"))
    (entry,) = image.all("ENTRYPOINT")
    assert entry.startswith('["tini", "--",')
    assert f"VERSION={PROJECT['version']}" in image.all("ARG")
    (label,) = image.all("LABEL")
    assert 'org.opencontainers.image.version="$VERSION"' in label


@pytest.mark.parametrize(("dockerfile", "name"), FINAL)
def test_an_image_installs_no_compiler(dockerfile: Path, name: str) -> None:
    """Debian's packages of an image are few; what makes an environment stays in another stage."""
    installed = " ".join(target(dockerfile, name).all("RUN"))
    assert not re.search(r"\b(gcc|g\+\+|build-essential|make|python3-(venv|pip|dev))\b", installed)


@pytest.mark.parametrize("kind", ["cpu", "gpu"])
def test_an_environment_has_one_onnx_runtime(kind: str) -> None:
    """Each target's environment asks for its own build of ONNX Runtime and never the other."""
    (installed,) = target(SERVICE, f"{kind}-environment").all("RUN")[-1:]
    (other,) = {"cpu", "gpu"} - {kind}
    assert f"extras={kind}" in installed
    assert f"extras={other}" not in installed
    copies = " ".join(target(SERVICE, kind).all("COPY"))
    assert f"--from={kind}-environment /opt/posewire/.venv .venv" in copies
    assert f"--from={other}-environment" not in copies


def test_the_image_is_what_the_licences_are_of() -> None:
    """The page of licences reads the extras that the CPU's environment is installed with."""
    (installed,) = target(SERVICE, "cpu-environment").all("RUN")[-1:]
    extras = re.findall(r"extras=(\S+)", installed)
    assert extras[0].split(",") == list(EXTRAS)
    assert set(extras[1].split(",")) < set(EXTRAS)


def test_the_camera_has_the_opencv_of_the_lock() -> None:
    """Another package of the same release, without windows: what is tested is what is shipped."""
    (installed,) = target(ROOT / "docker" / "camera.Dockerfile", "build").all("RUN")[-1:]
    (version,) = re.findall(r"opencv-python-headless==(\S+)", installed)
    lock = (ROOT / "requirements.lock").read_text().splitlines()
    assert f"opencv-contrib-python=={version}" in lock


def test_the_gpu_image_has_what_onnx_runtime_was_built_for() -> None:
    """docker/gpu.lock pins the release of pyproject.toml, with CUDA 13 and cuDNN 9 of NVIDIA."""
    lines = (ROOT / "docker" / "gpu.lock").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    (asked,) = PROJECT["optional-dependencies"]["gpu"]
    assert asked == f"onnxruntime-gpu=={pins['onnxruntime-gpu']}"
    majors = {name: int(version.split(".")[0]) for name, version in pins.items()}
    assert (majors["nvidia-cuda-runtime"], majors["nvidia-cublas"]) == (13, 13)
    assert (majors["nvidia-cudnn-cu13"], majors["nvidia-cufft"], majors["nvidia-curand"]) == (
        9,
        12,
        10,
    )
    assert any(
        one.startswith("TENSORRT=10.") for one in target(SERVICE, "gpu-environment").all("ARG")
    )
