"""An earlier bundle: the files that a new one replaces, and none of anybody else's.

Known by its hashes, which are of the wheel of posewire-client among others; it is not known which
release it is.
"""

import hashlib
from pathlib import Path

from release.shipped import ReleaseError

HASHES = "SHA256SUMS"

_WHEEL = "posewire_client-"
"""What the wheel's name begins with: hashes without it are of somebody else's files."""


def earlier_bundle(out: Path) -> list[Path]:
    """Returns the files of an earlier bundle in a folder; none where there is no folder.

    Raises:
        ReleaseError: it holds something else too, or a file that was changed since, or is no
            folder.
    """
    if not out.exists():
        return []
    if not out.is_dir():
        raise ReleaseError(f"expected a folder for the release, {out} is none")
    found, listed = sorted(out.iterdir()), _listed(out / HASHES)
    for path in found:
        if path.name not in listed or not path.is_file():
            raise ReleaseError(f"{out} holds {path.name}, which no earlier release put there")
        if path.name != HASHES and _sha256(path) != listed[path.name]:
            raise ReleaseError(
                f"{out} holds {path.name}, which is not as an earlier release put it there"
            )
    return found


def _listed(sums: Path) -> dict[str, str]:
    """The files of an earlier bundle with their hashes; none where the list is not of a bundle."""
    if not sums.is_file():
        return {}
    lines = sums.read_text(encoding="utf-8", errors="replace").splitlines()
    listed = {name: sha256 for sha256, _, name in (line.partition("  ") for line in lines)}
    if not any(name.startswith(_WHEEL) and name.endswith(".whl") for name in listed):
        return {}
    return listed | {HASHES: ""}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
