"""The manifest: which artifacts are trusted, by the hash of their files.

A service that demands it loads nothing else. It knows hashes and names, no graphs.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from model.pose.artifact import ArtifactError
from model.pose.unreadable import UNDECODABLE
from model.pose.whole_file import whole_file

FORMAT = "posewire-manifest"
VERSION = 1


class Trusted(msgspec.Struct, frozen=True):
    """One artifact that is trusted.

    Attributes:
        file: its name, for a person; it may lie elsewhere.
        sha256: of the whole file, in hexadecimal.
        bytes: the file's length.
        name: the model's name.
        version: the model's version.
        terms: the terms of its weights.
    """

    file: str
    sha256: str
    bytes: int
    name: str
    version: str
    terms: str


class Manifest(msgspec.Struct, frozen=True):
    """The contents of a manifest's file."""

    artifacts: tuple[Trusted, ...]
    format: str = FORMAT
    version: int = VERSION

    def check(self, content: bytes) -> Trusted:
        """Returns the entry of an artifact's file.

        Raises:
            ArtifactError: it has none; the sentence says the hash that was looked for.
        """
        found = hashlib.sha256(content).hexdigest()
        for entry in self.artifacts:
            if entry.sha256 == found:
                return entry
        trusted = ", ".join(entry.file for entry in self.artifacts) or "none"
        raise ArtifactError(
            f"the manifest does not list the file, sha256 {found}; it has {trusted}"
        )


def read_manifest(path: Path) -> Manifest:
    """Reads a manifest.

    Raises:
        ArtifactError: there is none, or the file is something else.
    """
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ArtifactError(f"{path}: expected a manifest of artifacts: {reason}") from None
    except UNDECODABLE as error:
        raise ArtifactError(f"{path}: expected a manifest of artifacts, but {error}") from None
    if (manifest.format, manifest.version) != (FORMAT, VERSION):
        raise ArtifactError(
            f"{path}: expected {FORMAT} version {VERSION}, got {manifest.format} version "
            f"{manifest.version}"
        )
    return manifest


def write_manifest(entries: Iterable[Trusted], path: Path) -> None:
    """Writes a manifest, sorted by file, whole or not at all.

    Raises:
        ArtifactError: the file cannot be written.
    """
    manifest = Manifest(tuple(sorted(entries, key=lambda entry: entry.file)))
    content = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
    try:
        with whole_file(path) as file:
            file.write(content)
    except OSError as error:
        raise ArtifactError(f"{path}: cannot be written: {error.strerror or error}") from None
