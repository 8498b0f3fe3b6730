"""What docker-compose.yml starts and how, by podman-compose with an engine that only writes down.

podman-compose reads the file, `.env` and the environment as Docker's compose does; the engine in
its hands is a script that says yes to everything and keeps what it was told.
"""

import itertools
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.server import GRACE_S
from service.settings import Settings
from tests.docker.dockerfile import ROOT, stages, target

pytest.importorskip("podman_compose", reason="podman-compose is not installed")

SERVICE = ROOT / "docker" / "service.Dockerfile"
COMPOSE = [sys.executable, "-m", "podman_compose"]
RUNTIMES = ["posewire-cpu", "posewire-gpu"]
ENGINE = """\
#!/bin/sh
case "$1" in
--version) echo "podman version 5.0.0" ;;
ps) echo "[]" ;;
create) {{ printf '%s\\036' "$@"; echo; }} >> {said} ;;
esac
"""


def document() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return parsed


def services() -> dict[str, Any]:
    found: dict[str, Any] = document()["services"]
    return found


class Engine:
    """Brings the compose file up without containers.

    Args:
        place: an empty folder of its own.
    """

    def __init__(self, place: Path) -> None:
        self._said = place / "said"
        self._podman = place / "podman"
        self._podman.write_text(ENGINE.format(said=shlex.quote(str(self._said))))
        self._podman.chmod(0o755)
        self._made: dict[tuple[tuple[str, str], ...], dict[str, list[str]]] = {}

    def up(self, **environment: str) -> dict[str, list[str]]:
        """Give the words with which each service's container was made, by service."""
        key = tuple(sorted(environment.items()))
        if key not in self._made:
            self._made[key] = self._bring_up(environment)
        return self._made[key]

    def _bring_up(self, environment: dict[str, str]) -> dict[str, list[str]]:
        self._said.write_text("")
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("POSEWIRE_", "COMPOSE_", "CAMERA_", "TLS_"))
        }
        done = subprocess.run(
            [*COMPOSE, "--podman-path", str(self._podman), "up", "--detach", "--no-build"],
            cwd=ROOT,
            env=kept | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        told = [line.split("\036")[:-1] for line in self._said.read_text().split("\n")[:-1]]
        label = "com.docker.compose.service="
        return {
            word.removeprefix(label): words
            for words in told
            for word in words
            if word.startswith(label)
        }


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(tmp_path_factory.mktemp("engine"))


def values(words: list[str], option: str) -> list[str]:
    """What follows an option, each time that it was given."""
    return [after for before, after in itertools.pairwise(words) if before == option]


@pytest.mark.parametrize(
    ("profiles", "started"),
    [
        pytest.param(None, {"posewire-gpu"}, id="as shipped"),
        pytest.param("cpu", {"posewire-cpu"}, id="laptop"),
        pytest.param("gpu,redis,tls", {"posewire-gpu", "redis", "tls"}, id="for others"),
        pytest.param(
            "cpu,camera,observability",
            {"posewire-cpu", "camera", "prometheus", "grafana"},
            id="camera and dashboard",
        ),
    ],
)
def test_what_a_profile_starts(engine: Engine, profiles: str | None, started: set[str]) -> None:
    """Plain `docker compose up` starts the GPU's service, by `.env`; the environment stands above.

    The GPU's service gets a GPU and nothing else does; each service has its own image.
    """
    environment = {} if profiles is None else {"COMPOSE_PROFILES": profiles}
    made = engine.up(**environment)
    assert set(made) == started
    devices = {name: values(words, "--device") for name, words in made.items()}
    gpus = {name for name, given in devices.items() if any("nvidia" in one for one in given)}
    assert gpus == started & {"posewire-gpu"}
    images = {name: made[name][-1] for name in started & set(RUNTIMES)}
    assert images == {name: name.replace("-", ":") for name in images}


def test_the_names_of_profiles_are_those_of_the_file() -> None:
    """Every service has exactly one profile, and `.env` names all that there are."""
    profiles = [profile for one in services().values() for profile in one["profiles"]]
    assert len(profiles) == len(services())
    described = (ROOT / ".env").read_text()
    assert all(re.search(rf"^#.*\b{profile}\b", described, re.MULTILINE) for profile in profiles)


@pytest.mark.parametrize("name", RUNTIMES)
def test_the_service_is_confined(engine: Engine, name: str) -> None:
    """Loopback alone, no writing but to /tmp and its volume, no capability now or later."""
    words = engine.up(COMPOSE_PROFILES=name.removeprefix("posewire-"))[name]
    (port,) = target(SERVICE, name.removeprefix("posewire-")).all("EXPOSE")
    assert values(words, "-p") == [f"127.0.0.1:8000:{port}"]
    assert "--read-only" in words
    assert values(words, "--tmpfs") == ["/tmp"]
    assert values(words, "--cap-drop") == ["ALL"]
    assert values(words, "--security-opt") == ["no-new-privileges:true"]
    assert not {"--privileged", "--cap-add", "--user"} & set(words)
    assert values(words, "-v") == [f"{ROOT}/docker/files:/files:ro"]
    (kept,) = values(words, "--mount")
    assert kept.endswith("destination=/var/lib/posewire")


@pytest.mark.parametrize("name", RUNTIMES)
def test_every_setting_reaches_the_service(engine: Engine, name: str) -> None:
    """A setting that is given outside is that inside; one that is not keeps its default there."""
    inside = {"host", "port", "tls_certificate", "tls_key"}
    names = {f"POSEWIRE_{field.upper()}" for field in set(Settings.model_fields) - inside}
    profile = {"COMPOSE_PROFILES": name.removeprefix("posewire-")}
    given = {variable: f"value of {variable}" for variable in names}
    words = engine.up(**profile, **given)[name]
    assert dict(one.split("=", 1) for one in values(words, "-e") if "=" in one) == given
    words = engine.up(**profile)[name]
    assert {one for one in values(words, "-e") if "=" in one} == {
        "POSEWIRE_INSECURE=true",
        "POSEWIRE_ENGINES=/var/lib/posewire/engines",
    }


@pytest.mark.parametrize("name", RUNTIMES)
def test_compose_and_image_agree(name: str) -> None:
    """One health check, one target, and a grace that is longer than the service's own."""
    service = services()[name]
    kind = name.removeprefix("posewire-")
    assert service["build"]["dockerfile"] == str(SERVICE.relative_to(ROOT))
    assert service["build"]["target"] == kind
    assert service["image"] == f"${{POSEWIRE_IMAGE:-posewire:{kind}}}"
    stated = target(SERVICE, kind).all("HEALTHCHECK")[-1]
    options = dict(re.findall(r"--([a-z-]+)=(\S+)", stated))
    check = service["healthcheck"]
    assert options == {
        key.replace("_", "-"): str(value) for key, value in check.items() if key != "test"
    }
    assert yaml.safe_load(stated.partition("CMD ")[2]) == check["test"][1:]
    drain_s = Settings.model_fields["drain_s"].default
    grace_s = service["stop_grace_period"].removeprefix("${STOP_GRACE:-").removesuffix("s}")
    assert int(grace_s) > drain_s + GRACE_S


def test_the_image_of_a_gpu_has_tensorrt_unless_it_is_set_to_nothing() -> None:
    """The version stands in the Dockerfile too, for whoever builds without compose."""
    asked = services()["posewire-gpu"]["build"]["args"]["TENSORRT"]
    (stated,) = (
        one for one in target(SERVICE, "gpu-environment").all("ARG") if one.startswith("TENSORRT=")
    )
    assert asked == f"${{TENSORRT-{stated.removeprefix('TENSORRT=')}}}"


def test_plain_build_is_that_of_a_laptop() -> None:
    """The last stage is the CPU's: `docker build` without a target needs gigabytes of nothing."""
    assert stages(SERVICE)[-1].name == "cpu"


def test_the_camera_streams_what_it_is_told(engine: Engine) -> None:
    """Source, people and device go in; in the place of no device one gives nothing."""
    made = engine.up(
        COMPOSE_PROFILES="cpu,camera",
        CAMERA_SOURCE="rtsp://camera.example/1",
        CAMERA_PEOPLE="3",
        POSEWIRE_TOKEN="a-token",
    )
    words = made["camera"]
    # Tokens lie beside it.
    assert values(words, "-v") == [f"{ROOT}/docker/files/videos:/files/videos:ro"]
    service = words.index("posewire:camera")
    assert words[service + 1 :] == [
        "rtsp://camera.example/1",
        "--url",
        "ws://posewire:8000/v1/stream",
        "--people",
        "3",
    ]
    assert values(words, "--device") == ["/dev/null:/dev/video0"]
    assert "POSEWIRE_TOKEN=a-token" in values(words, "-e")
    assert any("alias=posewire" in one.split(":")[-1].split(",") for one in made["posewire-cpu"])


@pytest.mark.parametrize(
    ("told", "starts"),
    [
        pytest.param({}, True, id="as shipped"),
        pytest.param({"TLS_ADDRESS": "127.0.0.2"}, True, id="loopback"),
        pytest.param({"TLS_ADDRESS": "0.0.0.0"}, False, id="anybody"),
        pytest.param({"TLS_ADDRESS": "0.0.0.0", "POSEWIRE_INSECURE": "1"}, False, id="and said so"),
        pytest.param({"TLS_ADDRESS": "::", "POSEWIRE_INSECURE": "False"}, True, id="tokens"),
    ],
)
def test_tls_lets_nobody_in_without_a_token(
    engine: Engine, told: dict[str, str], starts: bool, tmp_path: Path
) -> None:
    """Caddy starts for this machine, or before a service that wants tokens; else one sentence."""
    words = engine.up(COMPOSE_PROFILES="cpu,tls", **told)["tls"]
    (script,) = [word for word in words if word.endswith("tls.sh")]
    assert f"{ROOT}/docker/tls.sh:{script}:ro" in values(words, "-v")
    start = words[words.index(script) + 1 :]
    assert start[:2] == ["caddy", "run"]
    caddy = tmp_path / "caddy"
    caddy.write_text("#!/bin/sh\necho started\n")
    caddy.chmod(0o755)
    done = subprocess.run(
        ["sh", ROOT / "docker" / "tls.sh", *start],
        env=dict(one.split("=", 1) for one in values(words, "-e"))
        | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout) == ((0, "started\n") if starts else (2, ""))
    assert len(done.stderr.splitlines()) == (not starts)
    assert ("POSEWIRE_INSECURE=false" in done.stderr) is not starts


def test_third_parties_are_pinned_and_confined() -> None:
    """Images of others have a version; what all publish is loopback's, and logs have an end."""
    built = {name for name, service in services().items() if "build" in service}
    assert built == {*RUNTIMES, "camera"}
    for name, service in services().items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["read_only"] is True, name
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}, name
        for port in service.get("ports", []):
            assert port.startswith(("127.0.0.1:", "${TLS_ADDRESS:-127.0.0.1}:")), name
        if name not in built:
            assert re.fullmatch(r"docker\.io/[a-z/]+:v?\d+\.\d+\.\d+(-alpine)?", service["image"])


def test_what_is_mounted_exists() -> None:
    """Every folder and file of the repository that a container is given is there."""
    mounted = {
        volume.partition(":")[0]
        for service in services().values()
        for volume in service.get("volumes", [])
    }
    volumes = document()["volumes"]
    assert all((ROOT / path).exists() for path in mounted - set(volumes))
    assert set(volumes) <= mounted
