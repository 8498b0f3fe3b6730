"""Images can be built behind a proxy that signs anew, and its certificate is in none of them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docker.dockerfile import DOCKERFILES, ROOT, stages, target

pytest.importorskip("podman_compose", reason="podman-compose is not installed")

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
MOUNT = f"--mount=type=secret,id=certificates,target={CERTIFICATES} "
ENGINE = """\
#!/bin/sh
case "$1" in
--version) echo "podman version 5.0.0" ;;
build) echo "$*" ;;
esac
"""


def built(place: Path, files: str, **environment: str) -> list[list[str]]:
    """The words with which podman-compose has each image built, by an engine that says them."""
    podman = place / "podman"
    podman.write_text(ENGINE)
    podman.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-m", "podman_compose", "--podman-path", podman, "build"],
        cwd=ROOT,
        env={**os.environ, "COMPOSE_FILE": files, "COMPOSE_PROFILES": "cpu,gpu,camera"}
        | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [line.split() for line in done.stdout.splitlines() if line.startswith("build ")]


def test_every_image_is_built_with_the_certificates(tmp_path: Path) -> None:
    """With docker/proxy.yml on top each build gets them as a secret; without it none does."""
    named = {"BUILD_CERTIFICATES": "/srv/office.pem"}
    plain = built(tmp_path, "docker-compose.yml", **named)
    behind = built(tmp_path, "docker-compose.yml:docker/proxy.yml", **named)
    assert len(behind) == len(plain) == 3
    assert not [words for words in plain if "--secret" in words]
    for words in behind:
        assert words[words.index("--secret") + 1] == "id=certificates,src=/srv/office.pem"
    assert f"${{BUILD_CERTIFICATES:-{CERTIFICATES}}}" in (ROOT / "docker/proxy.yml").read_text()


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.stem)
def test_what_fetches_trusts_the_certificates(dockerfile: Path) -> None:
    """They are mounted for each step that asks a registry, once Debian's own lie there."""
    for stage in stages(dockerfile):
        for step in stage.all("RUN"):
            fetches = any(word in step for word in ("pip install", "NPM_REGISTRY"))
            assert step.startswith(MOUNT) == fetches
            # A package's own script could not write over what is mounted.
            assert not (fetches and "apt-get" in step)


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.stem)
def test_an_image_trusts_nobody_anew(dockerfile: Path) -> None:
    """Nothing of the certificates' stages but environments and sources is in an image."""
    final = stages(dockerfile)[-1]
    image = target(dockerfile, final.name) if final.name else final
    assert not [setting for setting in image.all("ENV") if "SSL_CERT" in setting]
    copied = [copy.split()[1] for copy in image.all("COPY") if copy.startswith("--from=")]
    assert all(source.startswith("/opt/posewire/") for source in copied)
