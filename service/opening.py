"""The opening: all that a session needs once its client has said hello, or why it cannot begin."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from model.pose.artifact import ArtifactSpec
from service.batcher import Batcher
from service.hello import IMAGE, as_read, check_hello
from service.intake import Intake, PictureIntake, PoseIntake
from service.labelling import Labelling
from service.pose_stream import PoseStream
from service.protocol import PROTOCOL, Hello, Notice, Refusal
from service.session_state import NotResumed, SessionState, is_with, thaw
from service.shared import Shared
from service.taught import unpacked
from service.taught_store import TaughtError
from service.teaching import Teaching

NOTHING_KEPT = (
    "no session is kept under this token: it was used, its time is over, or another server had it; "
    "the stream begins anew"
)


@dataclass(frozen=True)
class Begun:
    """A session whose hello was accepted.

    Attributes:
        hello: what its client declared.
        model: what answers it.
        labelling: its frames, and what is said of them.
        intake: takes its frames in.
        poses: looks at its pictures, where it sends any.
        kept: what it goes on from, where it was resumed.
        notice: why it was not resumed although its client asked.
    """

    hello: Hello
    model: Batcher
    labelling: Labelling
    intake: Intake
    poses: PoseStream | None
    kept: SessionState | None
    notice: Notice | None


async def begin(
    hello: Hello, shared: Shared, stack: AsyncExitStack, claim: Callable[[], None]
) -> Begun:
    """Finds all that a session needs.

    Args:
        hello: what its client declared.
        shared: what it shares with the others.
        stack: lets go of what it holds when it ends.
        claim: counts it as one of its token's, once a session that it goes on from is none.

    Raises:
        Refusal: the hello cannot be served.
    """
    frozen = None if hello.resume is None else await shared.resumes.take(hello.resume)
    try:
        claim()
        return await _begin(hello, frozen, shared, stack)
    except Refusal:
        # What was kept is still the client's, who may have come where there is no room.
        if hello.resume is not None and frozen is not None:
            await shared.resumes.put_back(hello.resume, frozen)
        raise


async def _begin(
    hello: Hello, frozen: bytes | None, shared: Shared, stack: AsyncExitStack
) -> Begun:
    """Begins with what was kept of a client's session, if anything was."""
    # A session stays on its model though another has become the default.
    own = None if frozen is None else shared.models.named(lambda spec: is_with(frozen, spec))
    model = await stack.enter_async_context(shared.models.acquire(own))
    check_hello(hello, model.spec, shared.without_images)
    poses = _poses(hello, shared, stack)
    try:
        teaching = await shared.teaching(hello.taught, model.spec)
    except TaughtError as error:
        raise Refusal("taught", str(error), PROTOCOL) from None
    kept, notice = _kept(hello, frozen, model.spec, shared)
    if kept is not None:
        try:
            return _restored(hello, model, poses, kept, shared, teaching)
        except ValueError:
            notice = Notice("not-resumed", "what was kept of the session cannot be read")
    labelling = Labelling(as_read(hello), model.spec, shared.settings, teaching)
    intake = _intake(hello, model.spec, labelling, poses, shared)
    return Begun(hello, model, labelling, intake, poses, None, notice)


def _poses(hello: Hello, shared: Shared, stack: AsyncExitStack) -> PoseStream | None:
    """Returns what looks at a client's pictures, None where it sends none."""
    if hello.layout != IMAGE or shared.poses is None:
        return None
    poses = shared.poses.open(min(hello.options.people, shared.settings.people))
    stack.push_async_callback(poses.close)
    return poses


def _kept(
    hello: Hello, frozen: bytes | None, spec: ArtifactSpec, shared: Shared
) -> tuple[SessionState | None, Notice | None]:
    """Returns what a client's session was, or why it is not resumed; neither if not asked."""
    if hello.resume is None:
        return None, None
    if frozen is None:
        shared.metrics.resumed("unknown")
        return None, Notice("not-resumed", NOTHING_KEPT)
    try:
        kept = thaw(frozen, hello, spec)
    except NotResumed as error:
        shared.metrics.resumed("unknown")
        return None, Notice("not-resumed", str(error))
    shared.metrics.resumed("here" if kept.server == shared.resumes.server else "elsewhere")
    return kept, None


def _restored(
    hello: Hello,
    model: Batcher,
    poses: PoseStream | None,
    kept: SessionState,
    shared: Shared,
    teaching: Teaching,
) -> Begun:
    """Returns a session that goes on. Raises `ValueError` where its state is none."""
    settings = shared.settings
    if hello.taught is None:
        teaching = Teaching(model.spec, settings.taught_actions, unpacked(kept.taught))
    labelling = Labelling(as_read(hello), model.spec, settings, teaching)
    labelling.restore(kept.labelling)
    intake = _intake(hello, model.spec, labelling, poses, shared)
    intake.restore(kept.people)
    return Begun(hello, model, labelling, intake, poses, kept, None)


def _intake(
    hello: Hello,
    spec: ArtifactSpec,
    labelling: Labelling,
    poses: PoseStream | None,
    shared: Shared,
) -> Intake:
    if poses is None:
        return PoseIntake(hello, labelling, spec.dimensions, shared.settings)
    return PictureIntake(as_read(hello), labelling, poses, shared.settings)
