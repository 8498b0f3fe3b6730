"""What ships: packages of others in the service's environment, in the page, and fetched at set-up.

It reads what is installed and locked; how a licence is shown is `release.licences`'s.
"""

import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from model.pose.manifest import read_manifest
from service import page_runtime, pose_model

EXTRAS = ("cpu", "images", "otel")
"""What the CPU image is installed with."""

_LONGEST = 60
"""Characters of a licence's name; what is longer is its text."""

MODELS_LICENCE = "Apache-2.0"
"""Of both packages of MediaPipe, as the npm registry states it."""


class ReleaseError(ValueError):
    """Something that ships is missing or contradicts itself; the message is one sentence."""


@dataclass(frozen=True, order=True)
class Component:
    """Something of others that ships.

    Attributes:
        name: as its registry has it.
        version: that ships.
        licence: as its own metadata states it.
    """

    name: str
    version: str
    licence: str


def python_components(root: Path) -> list[Component]:
    """Returns the distributions of the serving environment, by name.

    Args:
        root: of the repository; all of them are installed where this runs.

    Raises:
        ReleaseError: one is not installed, or states no licence.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    asked = [*project["dependencies"], *(line for extra in EXTRAS for line in optional[extra])]
    found = _closure(Requirement(line) for line in asked)
    return sorted(Component(name, each.version, _licence(each)) for name, each in found.items())


def _closure(requirements: Iterable[Requirement]) -> dict[str, Distribution]:
    """Everything that is installed because of some requirements, by canonical name."""
    found: dict[str, Distribution] = {}
    done: set[tuple[str, str]] = set()
    waiting = list(requirements)
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        try:
            found[name] = distribution(requirement.name)
        except PackageNotFoundError:
            raise ReleaseError(f"{requirement} ships and is not installed; make setup") from None
        for extra in {"", *requirement.extras}:
            if (name, extra) not in done:
                done.add((name, extra))
                waiting.extend(_required(found[name], extra))
    return found


def _required(installed: Distribution, extra: str) -> Iterator[Requirement]:
    for line in installed.requires or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            yield requirement


def _licence(installed: Distribution) -> str:
    """What a distribution states: an SPDX expression, a name, or else its classifier."""
    expression, name, classifiers = (
        [str(line) for line in installed.metadata.get_all(key) or []]
        for key in ("License-Expression", "License", "Classifier")
    )
    classified = [line.split(" :: ")[-1] for line in classifiers if line.startswith("License :: ")]
    stated = [*expression, *name, *classified]
    for licence in stated:
        if 0 < len(licence) <= _LONGEST and "\n" not in licence:
            return licence
    raise ReleaseError(f"{installed.name} {installed.version} ships and states no licence")


def page_components(root: Path) -> list[Component]:
    """Returns the npm packages that the page is bundled from, by name.

    Raises:
        ReleaseError: one states no licence.
    """
    path = root / "clients" / "web" / "package-lock.json"
    locked: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["packages"]
    found = []
    for place, package in locked.items():
        name = place.rpartition("node_modules/")[2]
        # What is linked is ours, and so is what lies outside node_modules.
        if "node_modules/" not in place or package.get("link") or package.get("dev"):
            continue
        if "license" not in package:
            raise ReleaseError(f"{name} {package['version']} ships and states no licence")
        found.append(Component(name, package["version"], package["license"]))
    return sorted(found)


def fetched_components() -> list[Component]:
    """Returns the npm packages whose files set-up fetches, for the service and the page."""
    packages = (pose_model.PACKAGE, page_runtime.PACKAGE)
    return sorted(Component(each.name, each.version, MODELS_LICENCE) for each in packages)


def weights(root: Path) -> list[Component]:
    """Returns the artifacts in weights/ with the terms of their weights.

    Raises:
        ArtifactError: the manifest cannot be read.
    """
    manifest = read_manifest(root / "weights" / "manifest.json")
    return sorted(Component(each.name, each.version, each.terms) for each in manifest.artifacts)
