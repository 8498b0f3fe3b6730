"""The bundle: everything of a release in one folder, built from clean copies, with its hashes.

It uploads nothing, and builds from copies of the sources, so that what an earlier build left behind
is in no package. Images are built by an engine where one is named.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.pose.artifact import ArtifactError
from model.pose.figures import commit
from model.pose.manifest import read_manifest
from release.earlier import HASHES, earlier_bundle
from release.licences import PAGE, licences
from release.shipped import ReleaseError

TARGETS = ("cpu", "gpu")
"""Of docker/service.Dockerfile."""

_PACKAGE_S = 300
_IMAGE_S = 3600


@dataclass(frozen=True)
class Source:
    """What a release is made from.

    Attributes:
        root: of the repository.
        version: of all packages.
        commit: of the code, `-dirty` where files differ from it.
        epoch_s: when it was committed, in seconds since 1970; files in packages get this date.
    """

    root: Path
    version: str
    commit: str
    epoch_s: int


def source_of(root: Path) -> Source:
    """Reads what a release is made from.

    Raises:
        ReleaseError: versions differ, or it is no repository.
    """
    versions = {
        "pyproject.toml": _project(root / "pyproject.toml"),
        "clients/python/pyproject.toml": _project(root / "clients/python/pyproject.toml"),
        "clients/web/client/package.json": json.loads(
            (root / "clients/web/client/package.json").read_text(encoding="utf-8")
        )["version"],
    }
    if len(set(versions.values())) > 1:
        found = ", ".join(f"{version} in {name}" for name, version in versions.items())
        raise ReleaseError(f"a release has one version; there is {found}")
    epoch_s = int(_run(["git", "log", "-1", "--format=%ct"], root, 60))
    return Source(root, versions["pyproject.toml"], commit(root), epoch_s)


def check_committed(root: Path) -> None:
    """Refuses sources that no commit has, which nobody could build again.

    Raises:
        ReleaseError: a file differs from the commit, or is in none; it is no repository.
    """
    differing = _run(["git", "--no-optional-locks", "status", "--porcelain"], root, 60).splitlines()
    if differing:
        raise ReleaseError(
            f"a release is built from a commit, and {differing[0][3:]} is not as committed: "
            "commit it, or give --allow-dirty"
        )


def bundle(source: Source, out: Path) -> list[Path]:
    """Builds the packages, and lays artifacts, their manifest, and licences beside them.

    Args:
        source: what it is made from.
        out: the folder; an earlier bundle in it is replaced once all is built.

    Returns:
        Its files, by name.

    Raises:
        ReleaseError: something cannot be built, or is not what the repository says of it, or `out`
            holds what no bundle put there.
    """
    earlier_bundle(out)
    check_licences(source.root)
    with tempfile.TemporaryDirectory() as folder:
        place, built = Path(folder), Path(folder) / "built"
        built.mkdir()
        _wheel(source, place / "python", built)
        _npm_package(source, place / "web", built)
        artifacts(source.root / "weights", built)
        shutil.copy(source.root / PAGE, built)
        shutil.copy(source.root / "LICENSE", built)
        files = sorted(built.iterdir())
        sums = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}" for file in files]
        (built / HASHES).write_text("\n".join(sums) + "\n", encoding="utf-8")
        # Asked again, because building took a while.
        for file in earlier_bundle(out):
            file.unlink()
        shutil.copytree(built, out, dirs_exist_ok=True)
    return sorted(out.iterdir())


def check_licences(root: Path) -> None:
    """Refuses a page of licences that is not of what ships.

    Raises:
        ReleaseError: it is another, or there is none.
    """
    path = root / PAGE
    if not path.is_file() or path.read_text(encoding="utf-8") != licences(root):
        raise ReleaseError(f"{PAGE} is not of what ships now: python -m release licences")


def images(source: Source, engine: str) -> list[str]:
    """Builds the service's images with docker, podman or what takes their words.

    Returns:
        Their names.

    Raises:
        ReleaseError: the engine is missing, or a build failed.
    """
    # Podman's own format of images has no place for the health check.
    docker_format = ["--format", "docker"] if _is_podman(engine, source.root) else []
    names = []
    for target in TARGETS:
        name = f"posewire:{source.version}-{target}"
        arguments = ["--build-arg", f"VERSION={source.version}"]
        arguments += ["--build-arg", f"REVISION={source.commit}"]
        build = [engine, "build", *docker_format, "--file", "docker/service.Dockerfile"]
        _run([*build, "--target", target, *arguments, "--tag", name, "."], source.root, _IMAGE_S)
        names.append(name)
    return names


def _is_podman(engine: str, place: Path) -> bool:
    """Asks it, because podman often goes by docker's name."""
    return "podman" in _run([engine, "--version"], place, 60).lower()


def _wheel(source: Source, place: Path, out: Path) -> None:
    left_behind = shutil.ignore_patterns("*.egg-info", "__pycache__", "build", "dist")
    shutil.copytree(source.root / "clients" / "python", place, ignore=left_behind)
    shutil.copy(source.root / "LICENSE", place)
    # Without isolation, because the lock pins setuptools too.
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    _run([*build, str(place)], place, _PACKAGE_S, {"SOURCE_DATE_EPOCH": str(source.epoch_s)})


def _npm_package(source: Source, place: Path, out: Path) -> None:
    client = source.root / "clients" / "web" / "client"
    compiled = ["npm", "exec", "-w", "@posewire/client", "--", "tsc", "-p", "tsconfig.build.json"]
    _run([*compiled, "--outDir", str(place / "dist")], client.parent, _PACKAGE_S)
    for name in ("package.json", "README.md"):
        shutil.copy(client / name, place)
    shutil.copy(source.root / "LICENSE", place)
    _run(["npm", "pack", "--silent", "--pack-destination", str(out)], place, _PACKAGE_S)


def artifacts(weights: Path, out: Path) -> None:
    """Copies the manifest and all that it lists, which must be all that there is.

    Raises:
        ReleaseError: an artifact is not listed by its name, or one that is listed is not there.
    """
    try:
        manifest = read_manifest(weights / "manifest.json")
        for path in sorted(weights.glob("*.onnx")):
            listed = manifest.check(path.read_bytes())
            if listed.file != path.name:
                raise ReleaseError(f"{path} is what the manifest lists as {listed.file}")
            shutil.copy(path, out)
    except ArtifactError as error:
        raise ReleaseError(f"{error}: python -m export manifest lists it") from None
    missing = [each.file for each in manifest.artifacts if not (out / each.file).is_file()]
    if missing:
        raise ReleaseError(f"{weights / 'manifest.json'} lists {missing[0]}, which is not there")
    shutil.copy(weights / "manifest.json", out)


def _project(path: Path) -> str:
    version: str = tomllib.loads(path.read_text(encoding="utf-8"))["project"]["version"]
    return version


def _run(
    command: Sequence[str], place: Path, most_s: float, more: Mapping[str, str] | None = None
) -> str:
    """Runs a program and returns what it prints; its last word is in the sentence if it fails."""
    said = " ".join(command[:3])
    try:
        done = subprocess.run(
            command,
            cwd=place,
            env=os.environ | (more or {}),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=most_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ReleaseError(f"{said} … did not end within {most_s:.0f} s") from None
    except OSError as error:
        raise ReleaseError(f"{said} … cannot be run: {error.strerror or error}") from None
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()
        raise ReleaseError(f"{said} … ended with {done.returncode}; it last said: {words[-1]:.200}")
    return done.stdout
