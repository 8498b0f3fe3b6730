"""Teaching: what one session has lately seen, and the actions it was taught from that.

It does no I/O: whoever saves a set does so before `learn`, so that nothing is known that is not
saved. Which frame is which action is `model.pose.few_shot`'s.
"""

from collections import deque
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from model.pose.artifact import BACKGROUND, WARMING, ArtifactSpec
from model.pose.decision import Decision
from model.pose.few_shot import Example, decide_together, example_of, likeness
from model.pose.stream import Place
from service.protocol import Forget, Refusal, Taught, Teach
from service.taught import Actions

REMEMBERED_MS = 60_000.0
"""An example is taken from the last minute."""

MOST_REMEMBERED = 2048
"""Features of all people together that a session remembers; a minute of one at 30 Hz is 1,800."""

LONGEST_LABEL = 40
MOST_EXAMPLES = 20

Features = NDArray[np.float32]


class _Seen(msgspec.Struct, frozen=True, gc=False):
    """A frame of the last minute: of all sessions too many for each collection to look at."""

    time_ms: float
    person: int
    feature: NDArray[np.float16]


class Lesson(NamedTuple):
    """What an example is made of: the features of its span, and those of other motion."""

    span: list[NDArray[np.float16]]
    others: list[NDArray[np.float16]]

    def example(self) -> Example:
        """Makes the example; it takes some milliseconds, and may be done in a thread.

        Raises:
            Refusal: there is too little of either, or they are too much alike.
        """
        try:
            return example_of(_stacked(self.span), _stacked(self.others))
        except ValueError as error:
            raise Refusal("not-taught", str(error)) from None


class Teaching:
    """The taught actions of one session.

    Args:
        spec: the model, whose own labels cannot be taught.
        most_actions: how many actions may be known.
        known: the actions that are known from the beginning.
    """

    def __init__(self, spec: ArtifactSpec, most_actions: int, known: Actions | None = None) -> None:
        self._own = frozenset((*spec.labels, BACKGROUND, WARMING))
        self._step_ms = spec.window.step_ms
        self._most_actions = most_actions
        self._actions: dict[str, tuple[Example, ...]] = dict(known or {})
        self._seen: deque[_Seen] = deque()
        self._newest_ms: dict[int, float] = {}
        self._spans: dict[str, list[Teach]] = {}

    @property
    def actions(self) -> Actions:
        """The actions that are known."""
        return self._actions

    def decision(self, place: Place, feature: Features, own: Decision) -> Decision:
        """Remembers a frame, and decides on it.

        Args:
            place: whom it speaks of, and when.
            feature: (F,) of the frame.
            own: the model's decision.
        """
        self._remember(place, feature)
        if not self._actions:
            return own
        return decide_together(own, likeness(feature, tuple(self._actions.items())))

    def lesson(self, teach: Teach) -> Lesson:
        """Returns what an example of what a person did is made of; changes nothing.

        Raises:
            Refusal: the label cannot be taught, or the span is not remembered.
        """
        self._check_label(teach.label)
        if not teach.from_ms < teach.to_ms:
            raise Refusal(
                "bad-span", f"a span ends after it begins, got {teach.from_ms:g} to {teach.to_ms:g}"
            )
        self._check_room(teach.label)
        person = self._person(teach)
        span = [seen.feature for seen in self._seen if _within(seen, teach, person)]
        own_spans = self._spans.get(teach.label, [])
        others = [
            seen.feature
            for seen in self._seen
            if not _within(seen, teach, person)
            and not any(_within(seen, span, span.person) for span in own_spans)
        ]
        return Lesson(span, others)

    def example(self, teach: Teach) -> Example:
        """Makes an example at once; as with `lesson`.

        Raises:
            Refusal: as with `lesson`, and where too little is known.
        """
        return self.lesson(teach).example()

    def check(self, actions: Actions, width: int) -> None:
        """Refuses actions that cannot all be known, as they may come in a file.

        Args:
            actions: all that are to be known.
            width: of the model's features.

        Raises:
            Refusal: a label cannot be taught, there are too many, or their features are of others.
        """
        if len(actions) > self._most_actions:
            raise Refusal(
                "too-many-actions",
                f"at most {self._most_actions} actions are taught, these are {len(actions)}",
            )
        for label, examples in actions.items():
            self._check_label(label)
            if len(examples) > MOST_EXAMPLES:
                raise Refusal(
                    "too-many-examples",
                    f"an action has at most {MOST_EXAMPLES} examples, {label} has {len(examples)}",
                )
            widths = {len(example.mean) for example in examples}
            if widths != {width}:
                raise Refusal(
                    "bad-example",
                    f"the model's features have {width} numbers, those of {label} "
                    f"{', '.join(map(str, sorted(widths))) or 'none'}",
                )

    def learn(self, teach: Teach, example: Example) -> Taught:
        """Knows an example from now on."""
        examples = (*self._actions.get(teach.label, ()), example)
        self._actions[teach.label] = examples
        self._spans.setdefault(teach.label, []).append(teach)
        return Taught(teach.label, len(examples), tuple(self._actions))

    def forget(self, forget: Forget) -> Taught:
        """Knows an action no longer.

        Raises:
            Refusal: it was never taught.
        """
        self.check_known(forget.label)
        del self._actions[forget.label]
        self._spans.pop(forget.label, None)
        return Taught(forget.label, 0, tuple(self._actions))

    def check_known(self, label: str) -> None:
        """Refuses a label that was not taught.

        Raises:
            Refusal: it was never taught.
        """
        if label not in self._actions:
            known = ", ".join(self._actions) or "none"
            raise Refusal(
                "not-taught", f"only what was taught is forgotten ({known:.200}), not {label!r:.60}"
            )

    def _remember(self, place: Place, feature: Features) -> None:
        newest_ms = self._newest_ms.get(place.person)
        # Nearer features are of nearly the same window; and a clock that was set back begins anew.
        if newest_ms is not None and 0 <= place.time_ms - newest_ms < self._step_ms / 2:
            return
        if self._seen and place.time_ms < self._seen[-1].time_ms:
            self._seen.clear()
            self._newest_ms.clear()
        self._newest_ms[place.person] = place.time_ms
        self._seen.append(_Seen(place.time_ms, place.person, feature.astype(np.float16)))
        oldest_ms = place.time_ms - REMEMBERED_MS
        while self._seen[0].time_ms < oldest_ms or len(self._seen) > MOST_REMEMBERED:
            gone = self._seen.popleft()
            if self._newest_ms.get(gone.person) == gone.time_ms:
                del self._newest_ms[gone.person]

    def _check_label(self, label: str) -> None:
        if not (0 < len(label) <= LONGEST_LABEL and label.isprintable() and label == label.strip()):
            raise Refusal(
                "bad-label",
                f"a label has 1 to {LONGEST_LABEL} printable characters and no space around it, "
                f"got {label!r:.60}",
            )
        if label in self._own:
            raise Refusal(
                "bad-label", f"{label} is a label of the model; teach the action by another name"
            )

    def _check_room(self, label: str) -> None:
        if label not in self._actions and len(self._actions) >= self._most_actions:
            raise Refusal(
                "too-many-actions",
                f"at most {self._most_actions} actions are taught; forget one first",
            )
        if len(self._actions.get(label, ())) >= MOST_EXAMPLES:
            raise Refusal(
                "too-many-examples", f"an action has at most {MOST_EXAMPLES} examples; forget it"
            )

    def _person(self, teach: Teach) -> int:
        people = {seen.person for seen in self._seen if _within(seen, teach, None)}
        if teach.person is not None and teach.person in people:
            return teach.person
        if teach.person is None and len(people) == 1:
            return next(iter(people))
        if teach.person is None and people:
            raise Refusal("bad-span", f"{len(people)} people were seen then: say which was meant")
        whom = "nobody" if teach.person is None else f"no person {teach.person}"
        raise Refusal(
            "bad-span",
            f"{whom} was spoken of from {teach.from_ms:g} to {teach.to_ms:g} ms; the last "
            f"{REMEMBERED_MS / 1000:g} s are remembered",
        )


def _within(seen: _Seen, teach: Teach, person: int | None) -> bool:
    whole = person is None or seen.person == person
    return whole and teach.from_ms <= seen.time_ms <= teach.to_ms


def _stacked(features: list[NDArray[np.float16]]) -> Features:
    return np.array(features, np.float32)
