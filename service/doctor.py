"""The doctor: what is here, what an inference session really got, and what stands in the way."""

import time
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from model.pose.artifact import ArtifactError
from service.access import Access
from service.engine import OnnxEngine
from service.models import open_engine
from service.pose_estimator import available
from service.pose_model import DEFAULT_POSE_MODEL
from service.server import bind
from service.settings import Settings

RUNTIMES = ("onnxruntime", "onnxruntime-gpu")


@dataclass
class Report:
    """What was found.

    Attributes:
        runtime: the installed builds of ONNX Runtime with their versions.
        providers: the execution providers that a session with the artifact got.
        model: name and version of the artifact.
        window_ms: the time of one window, the median of 20.
        images: whether poses can be found in images here: the pose model, or what is missing.
        problems: what stands in the way, a sentence each.
    """

    runtime: list[str] = field(default_factory=list)
    providers: list[str] = field(default_factory=list)
    model: str | None = None
    window_ms: float | None = None
    images: str = ""
    problems: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        """Returns the report for a machine."""
        return asdict(self)

    def lines(self, settings: Settings) -> list[str]:
        """Returns the report for a person, a finding a line."""
        window = "" if self.window_ms is None else f", {self.window_ms:.1f} ms a window on one core"
        return [
            f"runtime    {', '.join(self.runtime) or 'none'}",
            f"artifact   {settings.model}: {self.model or 'cannot be served'}{window}",
            f"providers  {', '.join(self.providers) or 'none'}",
            f"images     {self.images}",
            f"address    {settings.host}:{settings.port}",
            *(f"problem    {problem}" for problem in self.problems),
            "all is well" if not self.problems else f"{len(self.problems)} problem(s)",
        ]


def examine(settings: Settings) -> Report:
    """Looks at the runtime, the artifact and the port; changes nothing."""
    report = Report(runtime=_runtimes())
    if len(report.runtime) != 1:
        report.problems.append(
            "an environment has exactly one of onnxruntime and onnxruntime-gpu; this one has "
            f"{' and '.join(report.runtime) or 'neither'}"
        )
    try:
        engine = open_engine(settings.model, settings)
    except ArtifactError as error:
        report.problems.append(str(error))
    else:
        report.providers = list(engine.providers)
        report.model = f"{engine.spec.name} {engine.spec.version}"
        report.window_ms = _window_ms(engine)
        engine.close()
    _look_for_images(settings, report)
    for needed in (lambda: Access(settings), lambda: bind(settings).close()):
        try:
            needed()
        except ValueError as error:
            report.problems.append(str(error))
    return report


def _look_for_images(settings: Settings, report: Report) -> None:
    """Says whether images can be taken; it is a problem only where a pose model was asked for."""
    model = settings.pose_model or DEFAULT_POSE_MODEL
    missing = available(model)
    report.images = f"found by {model}" if missing is None else missing
    if missing is not None and settings.pose_model is not None:
        report.problems.append(missing)


def _runtimes() -> list[str]:
    found = []
    for name in RUNTIMES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


def _window_ms(engine: OnnxEngine) -> float:
    spec = engine.spec
    clips = np.zeros((1, 3, spec.frames, len(spec.joints), spec.persons), np.float32)
    seconds = []
    for _ in range(20):
        begun_s = time.perf_counter()
        engine.infer(clips)
        seconds.append(time.perf_counter() - begun_s)
    return float(np.median(seconds) * 1e3)
