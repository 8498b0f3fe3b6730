"""The lessons: teach and forget, saved before they are known where the client named a set."""

import asyncio

from service.protocol import Forget, Refusal, Taught, Teach
from service.taught_store import TaughtError, TaughtStore
from service.teaching import Teaching


class Lessons:
    """What one client teaches.

    Args:
        teaching: what is known.
        store: of named sets.
        name: of the set into which it is saved; None saves nothing.
        model: what `service.taught.model_of` says of the model.
    """

    def __init__(
        self, teaching: Teaching, store: TaughtStore, name: str | None, model: str
    ) -> None:
        self._teaching = teaching
        self._store = store
        self._name = name
        self._model = model

    async def teach(self, teach: Teach) -> Taught:
        """Learns an example.

        Raises:
            Refusal: it cannot be one, or cannot be saved; nothing has changed.
        """
        lesson = self._teaching.lesson(teach)
        example = await asyncio.to_thread(lesson.example)
        if self._name is not None:
            try:
                await self._store.add(self._name, self._model, teach.label, example)
            except TaughtError as error:
                raise Refusal("not-saved", str(error)) from None
        return self._teaching.learn(teach, example)

    async def forget(self, forget: Forget) -> Taught:
        """Forgets an action.

        Raises:
            Refusal: it was never taught, or what is saved cannot be changed; nothing has changed.
        """
        self._teaching.check_known(forget.label)
        if self._name is not None:
            try:
                await self._store.forget(self._name, forget.label)
            except TaughtError as error:
                raise Refusal("not-saved", str(error)) from None
        return self._teaching.forget(forget)
