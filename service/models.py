"""The models that are loaded: a shelf of them by name, one of them the default.

A session takes a model down with `acquire` and stays on it to its end, whatever is swapped. Knows
no HTTP and no websockets.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from model.pose.artifact import ArtifactError, ArtifactSpec
from service.batch_limits import BatchLimits
from service.batcher import Batcher, Observer
from service.engine import Engine, OnnxEngine
from service.settings import Settings


class ModelError(ValueError):
    """A model cannot be loaded, found or unloaded; the message is one sentence that says why."""


def open_engine(path: Path, settings: Settings) -> OnnxEngine:
    """Reads, checks and warms up an artifact as the settings say.

    Raises:
        ArtifactError: it is none that this service can run, or none that the manifest trusts.
    """
    return OnnxEngine(
        path,
        settings.threads,
        largest=settings.batch_windows,
        manifest=settings.manifest,
        engines=settings.engines,
    )


@dataclass(frozen=True)
class ListedModel:
    """A model that is loaded.

    Attributes:
        name: `name@version` of its artifact, by which it is asked for.
        default: whether sessions that ask for none get it.
        sessions: how many stay on it now.
        leaving: whether it goes when the last of them has left.
        providers: the execution providers that it really got.
        degraded: what was asked for and not got, in one sentence.
    """

    name: str
    default: bool
    sessions: int
    leaving: bool
    providers: tuple[str, ...]
    degraded: str | None


@dataclass
class _Place:
    """A model on the shelf, and how many sessions hold it."""

    model: Batcher
    sessions: int = 0
    leaving: bool = False


class Models:
    """The shelf; used from one event loop.

    Args:
        engine: the first model and default, ready to run.
        settings: threads, batches and their longest wait.
        observe: is told of every run of every model.
    """

    def __init__(self, engine: Engine, settings: Settings, observe: Observer | None = None) -> None:
        self._settings = settings
        self._observe = observe
        self._places: dict[str, _Place] = {}
        self._default = self._put(engine)

    @property
    def default(self) -> Batcher:
        """The model of sessions that ask for none."""
        return self._places[self._default].model

    async def load(self, path: Path) -> str:
        """Reads, checks and warms up an artifact in a thread, and puts it on the shelf.

        Returns:
            Its name, `name@version`.

        Raises:
            ModelError: it is no artifact that can be served, or one of its name is here already.
        """
        try:
            engine = await asyncio.to_thread(open_engine, path, self._settings)
        except (ArtifactError, OSError) as error:
            raise ModelError(str(error)) from None
        try:
            return self._put(engine)
        except ModelError:
            engine.close()
            raise

    async def swap(self, name: str) -> None:
        """Makes a loaded model the default of the sessions to come.

        Raises:
            ModelError: there is no such model, or it is being unloaded.
        """
        self._find(name)
        self._default = name

    async def unload(self, name: str) -> None:
        """Takes a model off the shelf; where sessions stay on it, once the last has left.

        Raises:
            ModelError: there is no such model, or it is the default.
        """
        place = self._find(name)
        if name == self._default:
            raise ModelError(f"{name} is the default; make another model the default first")
        place.leaving = True
        self._let_go(name)

    def listed(self) -> list[ListedModel]:
        """Returns what is on the shelf, in the order of loading."""
        return [
            ListedModel(
                name,
                name == self._default,
                place.sessions,
                place.leaving,
                place.model.providers,
                place.model.degraded,
            )
            for name, place in self._places.items()
        ]

    def named(self, fits: Callable[[ArtifactSpec], bool]) -> str | None:
        """Returns the name of a model that fits and is not being unloaded; None where none does."""
        for name, place in self._places.items():
            if not place.leaving and fits(place.model.spec):
                return name
        return None

    @contextlib.asynccontextmanager
    async def acquire(self, name: str | None = None) -> AsyncIterator[Batcher]:
        """Holds a model for a session: it stays loaded until the context ends.

        Args:
            name: of the model; None is the default of now.

        Raises:
            ModelError: there is no such model, or it is being unloaded.
        """
        name = self._default if name is None else name
        place = self._find(name)
        place.sessions += 1
        try:
            with place.model.seat():
                yield place.model
        finally:
            place.sessions -= 1
            self._let_go(name)

    def close(self) -> None:
        """Ends every model's threads; nothing is answered any more."""
        for place in self._places.values():
            place.model.close()

    def _put(self, engine: Engine) -> str:
        limits = BatchLimits.of(self._settings, engine.providers)
        model = Batcher(
            engine, windows=limits.windows, wait_ms=limits.wait_ms, observe=self._observe
        )
        if model.name in self._places:
            raise ModelError(
                f"{model.name} is loaded already; unload it, or give this one a new version"
            )
        self._places[model.name] = _Place(model)
        return model.name

    def _find(self, name: str) -> _Place:
        place = self._places.get(name)
        if place is None:
            raise ModelError(f"there is no model {name!r:.80}; there are {', '.join(self._places)}")
        if place.leaving:
            raise ModelError(f"{name} is being unloaded")
        return place

    def _let_go(self, name: str) -> None:
        """Ends a model that is leaving and that nobody holds."""
        place = self._places[name]
        if place.leaving and not place.sessions:
            del self._places[name]
            place.model.close()
