"""A Dockerfile, read as far as these tests ask: stages, what they inherit, what they copy."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILES = sorted((ROOT / "docker").glob("*.Dockerfile"))


class Instruction(NamedTuple):
    """One instruction, its continuation lines joined."""

    name: str
    rest: str


class Stage(NamedTuple):
    """The instructions of a stage, without its FROM."""

    base: str
    name: str
    instructions: list[Instruction]

    def all(self, name: str) -> list[str]:
        return [rest for one, rest in self.instructions if one == name]

    def copies(self) -> list[tuple[list[str], str]]:
        """Sources and destination of everything that is copied from the context."""
        words = [rest.split() for rest in self.all("COPY") if not rest.startswith("--from=")]
        return [(copied[:-1], copied[-1]) for copied in words]


def stages(dockerfile: Path) -> list[Stage]:
    """The stages of a Dockerfile; one without a name has an empty one."""
    lines = [line for line in dockerfile.read_text().splitlines() if not line.startswith("#")]
    found: list[Stage] = []
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if not line.strip():
            continue
        name, rest = line.split(maxsplit=1)
        if name == "FROM":
            base, _, stage = re.split(r"(\s+AS\s+)", rest.strip() + " AS ", maxsplit=1)
            found.append(Stage(base, stage.removesuffix(" AS ").strip(), []))
        else:
            found[-1].instructions.append(Instruction(name, " ".join(rest.split())))
    return found


def target(dockerfile: Path, name: str) -> Stage:
    """A stage with all that it inherits, from the image that all is made on."""
    known = {stage.name: stage for stage in stages(dockerfile)}
    stage = known[name]
    instructions = stage.instructions
    base = stage.base
    while base in known:
        instructions = known[base].instructions + instructions
        base = known[base].base
    return Stage(base, name, instructions)


def copied_sources(dockerfile: Path) -> set[str]:
    """Everything that a Dockerfile copies from the context."""
    return {
        source
        for stage in stages(dockerfile)
        for sources, _ in stage.copies()
        for source in sources
    }
