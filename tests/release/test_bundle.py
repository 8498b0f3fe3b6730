"""The bundle: what others install is whole, hashed, and nothing of anybody else's is lost."""

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from model.pose.manifest import read_manifest
from release.__main__ import main
from release.bundle import (
    Source,
    artifacts,
    check_committed,
    images,
    source_of,
)
from release.earlier import earlier_bundle
from release.shipped import ReleaseError
from tests.service.process import ROOT

WEIGHTS = ROOT / "weights"


def test_the_real_command_makes_a_whole_release(tmp_path: Path) -> None:
    """Wheel and npm package with their licence and no more than they need, hashes that hold.

    The artifacts are those that the manifest beside them trusts.
    """
    if shutil.which("npm") is None or not (ROOT / "clients/web/node_modules/.ready").is_file():
        pytest.skip("npm ci has not been run in clients/web")
    out = tmp_path / "dist"
    command = [sys.executable, "-m", "release", "bundle", "--out", str(out), "--json"]
    command.append("--allow-dirty")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    files = {path.name: path for path in out.iterdir()}
    assert said["files"] == sorted(str(path) for path in files.values())

    lines = files["SHA256SUMS"].read_text().splitlines()
    sums = {name: sha256 for sha256, name in (line.split("  ") for line in lines)}
    assert sums.keys() == files.keys() - {"SHA256SUMS"}
    for name, sha256 in sums.items():
        assert hashlib.sha256(files[name].read_bytes()).hexdigest() == sha256

    wheel = zipfile.ZipFile(files[f"posewire_client-{said['version']}-py3-none-any.whl"])
    folders = {name.split("/")[0] for name in wheel.namelist()}
    assert folders == {"posewire_client", f"posewire_client-{said['version']}.dist-info"}
    assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())
    with tarfile.open(files[f"posewire-client-{said['version']}.tgz"]) as package:
        names = set(package.getnames())
    assert {"package/dist/index.js", "package/dist/index.d.ts", "package/LICENSE"} <= names
    assert not [name for name in names if "test" in name or "node_modules" in name]

    manifest = read_manifest(files["manifest.json"])
    shipped = [path for name, path in files.items() if name.endswith(".onnx")]
    assert len(shipped) == len(manifest.artifacts) > 0
    for path in shipped:
        assert manifest.check(path.read_bytes()).file == path.name


def test_only_an_earlier_release_is_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder with anything else is refused before anything is built, and stays as it is."""
    assert earlier_bundle(tmp_path / "none") == []
    with_sums(tmp_path, OLD_WHEEL, "gone.tgz")
    (tmp_path / "gone.tgz").unlink()
    assert [path.name for path in earlier_bundle(tmp_path)] == ["SHA256SUMS", OLD_WHEEL]
    (tmp_path / "thesis.txt").write_text("precious")
    assert main(["bundle", "--allow-dirty", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        f"release: {tmp_path} holds thesis.txt, which no earlier release put there\n"
    )
    assert len(list(tmp_path.iterdir())) == 3
    with pytest.raises(ReleaseError, match="is none"):
        earlier_bundle(tmp_path / "thesis.txt")


OLD_WHEEL = "posewire_client-0.0.1-py3-none-any.whl"


def with_sums(folder: Path, *names: str) -> Path:
    """A folder of files of these names, each with its name inside, and their hashes."""
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text(name)
    sums = [f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n" for name in names]
    (folder / "SHA256SUMS").write_text("".join(sums))
    return folder


def test_files_of_others_are_no_earlier_release(tmp_path: Path) -> None:
    """Neither a folder whose own hashes hold, nor one file of a release that somebody changed.

    Nothing is deleted, and the sentence names the file. Hashes that are no text are somebody
    else's, too.
    """
    others = with_sums(tmp_path / "others", "debian.iso", "posewire_client-notes.txt")
    garbled = with_sums(tmp_path / "garbled", OLD_WHEEL)
    (garbled / "SHA256SUMS").write_bytes(b"\xff\xfe")
    changed = with_sums(tmp_path / "changed", OLD_WHEEL, "manifest.json")
    (changed / "manifest.json").write_text("mine by now")
    for folder, sentence in {
        others: "SHA256SUMS, which no earlier release put there",
        garbled: "SHA256SUMS, which no earlier release put there",
        changed: "manifest.json, which is not as an earlier release put it there",
    }.items():
        before = {path: path.read_bytes() for path in folder.iterdir()}
        with pytest.raises(ReleaseError) as refusal:
            earlier_bundle(folder)
        assert str(refusal.value) == f"{folder} holds {sentence}"
        assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_artifacts_and_manifest_are_of_one_another(tmp_path: Path) -> None:
    """One that is not listed is refused with its hash, one that is listed and missing by name."""
    weights, out = tmp_path / "weights", tmp_path / "out"
    weights.mkdir()
    out.mkdir()
    shutil.copy(WEIGHTS / "manifest.json", weights)
    shutil.copy(WEIGHTS / "everyday-s.onnx", weights)
    with pytest.raises(ReleaseError, match=r"lists utkinect\.onnx, which is not there"):
        artifacts(weights, out)
    (weights / "utkinect.onnx").write_bytes(b"another")
    with pytest.raises(ReleaseError, match=r"does not list the file, sha256 .+ export man"):
        artifacts(weights, out)
    shutil.copy(WEIGHTS / "everyday-s.onnx", weights / "utkinect.onnx")
    with pytest.raises(ReleaseError, match=r"utkinect\.onnx is what the manifest lists as every"):
        artifacts(weights, out)
    shutil.copy(WEIGHTS / "utkinect.onnx", weights)
    artifacts(weights, out)
    assert {path.name for path in out.iterdir()} == {
        "everyday-s.onnx",
        "manifest.json",
        "utkinect.onnx",
    }


def test_a_release_has_one_version(tmp_path: Path) -> None:
    """All packages of the repository have the same; else each is named with its file."""
    assert source_of(ROOT).version
    for name, text in {
        "pyproject.toml": '[project]\nversion = "2.0.0"\n',
        "clients/python/pyproject.toml": '[project]\nversion = "2.0.0"\n',
        "clients/web/client/package.json": '{"version": "1.9.0"}',
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    with pytest.raises(ReleaseError, match=r"1\.9\.0 in clients/web/client/package\.json"):
        source_of(tmp_path)


def test_a_release_is_of_a_commit(tmp_path: Path) -> None:
    """A file that was changed, or that git does not know, is named; what git ignores may differ."""
    identity = ("-c", "user.name=A Tester", "-c", "user.email=tester@example.org")

    def git(*arguments: str) -> None:
        command = ["git", *identity, *arguments]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=30)

    git("init")
    (tmp_path / "kept.py").write_text("one")
    (tmp_path / ".gitignore").write_text("dist/\n")
    git("add", ".")
    git("commit", "--message", "one")
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "old.whl").write_text("wheel")
    check_committed(tmp_path)
    (tmp_path / "new.py").write_text("two")
    with pytest.raises(ReleaseError, match=r"and new\.py is not as committed: .+ --allow-dirty"):
        check_committed(tmp_path)
    (tmp_path / "new.py").unlink()
    (tmp_path / "kept.py").write_text("two")
    with pytest.raises(ReleaseError, match=r"and kept\.py is not as committed"):
        check_committed(tmp_path)


ENGINE = """#!/bin/sh
if [ "$1" = --version ]; then
    cat "$0.version"
    exit
fi
echo "$@" >> "$0.log"
test ! -e "$0.fails" || { echo "no space left" >&2; exit 7; }
"""


@pytest.mark.parametrize(
    ("version", "options"),
    [
        pytest.param("Docker version 28.3.0, build 38b7060", "", id="docker"),
        pytest.param("podman version 4.3.1", "--format docker ", id="podman"),
    ],
)
def test_images_are_built_of_both_targets(version: str, options: str, tmp_path: Path) -> None:
    """An engine is told target, name, version and commit; its failure is one sentence.

    Podman, by whatever name, is told the format of images that keeps the health check.
    """
    engine = tmp_path / "docker"
    engine.write_text(ENGINE)
    engine.chmod(0o755)
    (tmp_path / "docker.version").write_text(version)
    source = Source(tmp_path, "1.2.3", "abc1234", 0)
    assert images(source, str(engine)) == ["posewire:1.2.3-cpu", "posewire:1.2.3-gpu"]
    cpu, gpu = (tmp_path / "docker.log").read_text().splitlines()
    for line, target in ((cpu, "cpu"), (gpu, "gpu")):
        assert line.startswith(f"build {options}--file docker/service.Dockerfile ")
        assert f" --target {target} " in line
        assert "--build-arg VERSION=1.2.3 --build-arg REVISION=abc1234" in line
        assert line.endswith(f"--tag posewire:1.2.3-{target} .")
    (tmp_path / "docker.fails").touch()
    with pytest.raises(ReleaseError, match="ended with 7; it last said: no space left"):
        images(source, str(engine))
    with pytest.raises(ReleaseError, match="cannot be run: No such file"):
        images(source, str(tmp_path / "podman"))
