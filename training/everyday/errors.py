"""How wrong a pose estimator is: all numbers that its simulation draws by, with their units."""

from dataclasses import dataclass, replace

from training.everyday.body import ByKind
from training.everyday.noise import Episodes

NEVER = Episodes(0.0, 1.0)


@dataclass(frozen=True)
class ScoreLevels:
    """What scores an estimator gives; each is a median, and they spread about it on the logit.

    Attributes:
        seen: Of joints in plain sight, by kind.
        hidden: Of joints behind the person's own trunk.
        edge: Of joints within `edge_share` of the picture's edge.
        outside: Of joints invented outside of the picture.
        wrong: When the score of a joint that is found is wrong, for each joint.
        wrong_level: The score then.
        edge_share: Width of the edge over the picture's shorter side.
        joint_spread: Standard deviation over the joints of a stream, in logits.
        spread: Standard deviation over time, in logits.
        spread_seconds: Over which time it is correlated.
        modesty: How much lower a stream's scores are than these, at most, in logits; uniform from
            0, for estimators that are never so sure.
        absent_share: Share of streams whose estimator gives no scores: all that is there has 1.
    """

    seen: ByKind
    hidden: float
    edge: float
    outside: float
    wrong: Episodes
    wrong_level: float
    edge_share: float
    joint_spread: float
    spread: float
    spread_seconds: float
    modesty: float
    absent_share: float


@dataclass(frozen=True)
class EstimatorErrors:
    """The errors of a pose estimator. Lengths are in torsos, from mid-shoulders to mid-hips.

    A joint errs by the more the faster it moves: white along each axis with the deviation
    ``rest + moving · v / (v + half_speed)``, and on top of it what drifts. There v is the joint's
    speed above `rest_speed`, both in torsos a second.

    Attributes:
        rest: The deviation at rest.
        moving: How much is added at great speed.
        rest_speed: Up to this speed a joint is at rest.
        half_speed: So much faster, half of `moving` is added.
        rest_level: Least and largest factor of a stream's `rest`, log-uniform.
        moving_level: That of its `moving`.
        drift_factor: How much larger the error is that drifts than the white one.
        drift_seconds: Over which time the drift is correlated.
        hidden_factor: How much larger all of these are for hidden joints.
        lag_ms: Least and largest time constant of the smoothing of a stream, uniform.
        outlier: When a joint is somewhere else, for each joint.
        outlier_torsos: How far off then, standard deviation along each axis.
        swap: When left and right are swapped, for arms and legs each.
        lost_joint: When a joint is not found, for each joint.
        lost_limb: When a forearm or a lower leg is not found, for each.
        lost_person: When nobody is found.
        invented_share: Share of streams whose estimator invents joints outside of the picture, as
            MediaPipe does; those of others are missing.
        invented_torsos: Error of invented joints, drifting, standard deviation along each axis.
        least_joints: With fewer joints in the picture nobody is found.
        scores: What scores are given.
        desk_share: Share of streams in which something stands before the person all the time, so
            that knees and ankles, and in every other of them hips too, are never found.
        headless_share: Share of streams whose layout has no head, as that of h36m17.
        flickering_share: Share of streams whose estimator often loses single joints for a frame.
        flicker: Least and largest share of the frames that each joint is lost in then, log-uniform.
    """

    rest: ByKind
    moving: ByKind
    rest_speed: float
    half_speed: float
    rest_level: tuple[float, float]
    moving_level: tuple[float, float]
    drift_factor: float
    drift_seconds: float
    hidden_factor: float
    lag_ms: tuple[float, float]
    outlier: Episodes
    outlier_torsos: float
    swap: Episodes
    lost_joint: Episodes
    lost_limb: Episodes
    lost_person: Episodes
    invented_share: float
    invented_torsos: float
    least_joints: int
    scores: ScoreLevels
    desk_share: float = 0.0
    headless_share: float = 0.0
    flickering_share: float = 0.0
    flicker: tuple[float, float] = (0.02, 0.3)

    def noisier(self, factor: float) -> "EstimatorErrors":
        """The same with positions that many times as wrong, for curves of robustness."""
        rest, moving = (
            (least * factor, largest * factor)
            for least, largest in (self.rest_level, self.moving_level)
        )
        return replace(self, rest_level=rest, moving_level=moving)


MEDIAPIPE_SCORES = ScoreLevels(
    seen=ByKind(0.999, 0.999, 0.95, 0.93, 0.999, 0.92, 0.94),
    hidden=0.5,
    edge=0.9,
    outside=0.4,
    wrong=Episodes(2.0, 300.0),
    wrong_level=0.2,
    edge_share=0.04,
    joint_spread=1.7,
    spread=1.0,
    spread_seconds=1.0,
    modesty=3.0,
    absent_share=0.1,
)
"""`seen`, `edge` and `outside` are the medians measured on videos, rounded.

The spreads were chosen so that the quantiles of simulated scores resemble measured ones (inside,
5 %: 0.36 against 0.17; 25 %: 0.88 against 0.86; at the edge simulated scores are lower). All else
is judgement.
"""

DEFAULT_ERRORS = EstimatorErrors(
    rest=ByKind(0.0004, 0.0005, 0.0006, 0.0006, 0.0006, 0.0009, 0.0009),
    moving=ByKind(0.010, 0.0125, 0.019, 0.025, 0.015, 0.024, 0.027),
    rest_speed=0.05,
    half_speed=0.6,
    rest_level=(1.0, 15.0),
    moving_level=(0.7, 2.0),
    drift_factor=2.5,
    drift_seconds=0.4,
    hidden_factor=2.0,
    lag_ms=(0.0, 80.0),
    outlier=Episodes(1.0, 60.0),
    outlier_torsos=0.5,
    swap=Episodes(1.5, 150.0),
    lost_joint=Episodes(1.0, 150.0),
    lost_limb=Episodes(1.0, 400.0),
    lost_person=Episodes(1.0, 300.0),
    invented_share=0.5,
    invented_torsos=0.15,
    least_joints=4,
    scores=MEDIAPIPE_SCORES,
)
"""What MediaPipe (full model, VIDEO mode) does on 17 real videos, widened to other estimators.

Measured on their 6,242 frames by ``python -m training fit-estimator``: `rest` and `moving`, then
lowered until motion capture, seen with both levels 1 and no lag, measured like the videos (at rest
twice as much, in motion within 30 %). The two speeds fit the tremble in seven bins of speed, looked
at once. `swap` gives the 2 to 6 sudden crossings a minute that the videos have 1.5 to 9 of; theirs
are nearly all of people who walk across, and some may be true. `drift_factor` keeps drift at rest
below the videos' wander; in motion nothing tells drift from motion.

Judgement: the levels (1 is MediaPipe, which smooths; estimators of single frames tremble at rest
about ten times as much), lag, outliers, lost people, joints and limbs (MediaPipe gives all joints
of whom it finds, others drop what they are not sure of), hidden and invented joints.
"""

ERRORS_TO_LEARN_FROM = replace(
    DEFAULT_ERRORS, desk_share=0.25, headless_share=0.1, flickering_share=0.25
)
"""What streams that train are seen with: webcams often show whoever sits at a desk, not every
layout has a head, and estimators that drop what they are not sure of drop it now and then."""

NO_ERRORS = EstimatorErrors(
    rest=ByKind.same(0.0),
    moving=ByKind.same(0.0),
    rest_speed=0.0,
    half_speed=1.0,
    rest_level=(1.0, 1.0),
    moving_level=(1.0, 1.0),
    drift_factor=0.0,
    drift_seconds=1.0,
    hidden_factor=1.0,
    lag_ms=(0.0, 0.0),
    outlier=NEVER,
    outlier_torsos=0.0,
    swap=NEVER,
    lost_joint=NEVER,
    lost_limb=NEVER,
    lost_person=NEVER,
    invented_share=1.0,
    invented_torsos=0.0,
    least_joints=0,
    scores=replace(MEDIAPIPE_SCORES, absent_share=1.0),
)
"""An estimator that gives the picture as it is, also what lies outside of it."""
