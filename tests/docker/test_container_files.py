"""The container files hold what docker/README.md says, as far as that shows without an engine."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml

from service.server import GRACE_S
from service.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "docker" / "service.Dockerfile"
Instruction = tuple[str, str]


def instructions() -> list[Instruction]:
    """The Dockerfile's instructions, each with its continuation lines joined."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    pairs = (line.split(maxsplit=1) for line in joined.splitlines() if line.strip())
    return [(name, " ".join(rest.split())) for name, rest in pairs]


def stages() -> list[list[Instruction]]:
    """The instructions of each stage, from its FROM on."""
    found: list[list[Instruction]] = []
    for name, rest in instructions():
        if name == "FROM":
            found.append([])
        found[-1].append((name, rest))
    return found


def the(stage: list[Instruction], wanted: str) -> str:
    """What the only instruction of this name says."""
    (rest,) = [rest for name, rest in stage if name == wanted]
    return rest


def copies(stage: list[Instruction]) -> list[tuple[list[str], str]]:
    """Sources and destination of everything that a stage copies from the context."""
    words = [
        rest.split() for name, rest in stage if name == "COPY" and not rest.startswith("--from=")
    ]
    return [(copied[:-1], copied[-1]) for copied in words]


def copied_sources() -> set[str]:
    return {source for stage in stages() for sources, _ in copies(stage) for source in sources}


def compose() -> dict[str, Any]:
    document = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert list(document["services"]) == ["posewire"]
    service: dict[str, Any] = document["services"]["posewire"]
    return service


def test_what_is_copied_exists() -> None:
    """Every COPY names something that the repository has."""
    absent = {source for source in copied_sources() if not list(ROOT.glob(source))}
    assert not absent


def test_the_context_is_just_what_is_copied() -> None:
    """.dockerignore shuts everything out, then lets in what a COPY names and nothing else."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert rules[-1] == "**/__pycache__"
    let_in = {rule.removeprefix("!") for rule in rules[1:-1]}
    assert all(rule.startswith("!") for rule in rules[1:-1])
    assert let_in == copied_sources()
    out = {".venv", "data", "runs", "tests", "training", "export", "model/network"}
    assert not {name for name in let_in for shut in out if f"{name}/".startswith(f"{shut}/")}


def test_what_is_copied_serves(tmp_path: Path) -> None:
    """The files of the final stage, alone in a folder, are enough to serve the default model."""
    for sources, destination in copies(stages()[-1]):
        for path in [path for source in sources for path in ROOT.glob(source)]:
            if path.is_dir():
                shutil.copytree(path, tmp_path / destination)
            else:
                target = tmp_path / destination / path.name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
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


def test_every_stage_has_the_same_named_base() -> None:
    """The environment is made by the Python that runs it, and no base is whatever is latest."""
    bases = {the(stage, "FROM").split()[0] for stage in stages()}
    (base,) = bases
    assert re.fullmatch(r"docker\.io/library/debian:[a-z]+-slim", base)
    label = f'org.opencontainers.image.base.name="{base}"'
    assert label in the(stages()[-1], "LABEL")


def test_the_image_runs_as_nobody_in_particular() -> None:
    """The user is a number other than root's, and no later instruction takes it back."""
    user, group = the(stages()[-1], "USER").split(":")
    assert int(user) > 0
    assert int(group) > 0


def test_the_image_names_the_version_of_the_project() -> None:
    """The version of the label is pyproject's."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert ("ARG", f"VERSION={version}") in stages()[-1]
    assert 'org.opencontainers.image.version="$VERSION"' in the(stages()[-1], "LABEL")


def test_compose_builds_and_names_this_image() -> None:
    """The compose service is built from the Dockerfile, under a tag that says what it is."""
    service = compose()
    assert service["build"] == {
        "context": ".",
        "dockerfile": str(DOCKERFILE.relative_to(ROOT)),
    }
    assert service["image"] == "${POSEWIRE_IMAGE:-posewire:cpu}"


def test_compose_publishes_on_loopback_alone() -> None:
    """Nobody but this machine reaches the service, and the port inside is the image's."""
    (port,) = compose()["ports"]
    assert port == f"127.0.0.1:${{POSEWIRE_PORT:-8000}}:{the(stages()[-1], 'EXPOSE')}"


def test_compose_takes_away_what_the_service_does_not_need() -> None:
    """No writing but to /tmp, no capability, and none to be gained."""
    service = compose()
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "network_mode", "volumes", "user"} & set(service)


def test_compose_passes_every_setting_on() -> None:
    """Each setting that means something outside goes in; what names a file needs a volume too."""
    files = {
        name for name, field in Settings.model_fields.items() if "Path" in str(field.annotation)
    }
    inside = {"host", "port", "insecure"} | files
    expected = {f"POSEWIRE_{name.upper()}" for name in set(Settings.model_fields) - inside}
    assert set(compose()["environment"]) == expected | {"POSEWIRE_INSECURE=true"}


def test_compose_and_image_agree_on_health() -> None:
    """The health check is one and the same, and the grace is longer than the service's own."""
    service = compose()
    check = service["healthcheck"]
    stated = the(stages()[-1], "HEALTHCHECK")
    options = dict(re.findall(r"--([a-z-]+)=(\S+)", stated))
    assert options == {
        name.replace("_", "-"): str(value) for name, value in check.items() if name != "test"
    }
    assert yaml.safe_load(stated.partition("CMD ")[2]) == check["test"][1:]
    drain_s = Settings.model_fields["drain_s"].default
    assert int(service["stop_grace_period"].removesuffix("s")) > drain_s + GRACE_S


def test_the_check_says_what_it_lacks(tmp_path: Path) -> None:
    """Without a container engine docker/check.sh ends with exit 2 and one sentence."""
    for tool in ("bash", "dirname"):
        found = shutil.which(tool)
        assert found
        (tmp_path / tool).symlink_to(found)
    result = subprocess.run(
        [tmp_path / "bash", ROOT / "docker" / "check.sh"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert result.returncode == 2
    assert result.stderr.splitlines() == [
        "check-container: needs a running docker with its compose plugin, or podman with "
        "podman-compose"
    ]
