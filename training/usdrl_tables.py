"""The tables of the USDRL report: which figures stand in which row and column.

A figure is called as its result was: ``nw_ucla.linear.single``; ``.seed_3`` anywhere in a name says
which of several seeds it is of. Rows of the ablation are found by their names, all others are
listed here, so that a missing one is seen.
"""

from collections.abc import Iterable, Mapping

from training.comparison import Column, Comparison, Row, without_seed
from training.literature import (
    NW_UCLA_LINEAR,
    NW_UCLA_NEAREST,
    NW_UCLA_SUPERVISED,
    PAPER_DENSE,
    PAPER_LINEAR,
    Setting,
)

CROSS_VIEW = "nw_ucla/cross-view"
CROSS_SUBJECT = "nw_ucla/cross-subject"
UTD_MHAD = "utd_mhad/cross-subject"
UTKINECT = "utkinect/subjects 2 4 6 8 10"
SAME_RECORDINGS = {"utkinect/cross-subject": UTKINECT}
"""Protocols that ask about the same recordings as one that tables call by another name."""

ENCODERS = {
    "random": "random weights",
    "single": "single stream",
    "three": "three streams",
    "multi": "one multi-modal encoder",
}
EARLY = {
    "random": "random weights",
    "single": "single stream",
    "three": "three streams",
    "multi": "one multi-modal encoder",
    "causal": "single stream, causal in time",
    "finetuned": "fine-tuned, single stream",
}
FINE_TUNED = {
    "scratch": "from scratch, single stream",
    "single": "fine-tuned, single stream",
    "three": "fine-tuned, three streams",
    "multi": "fine-tuned, one multi-modal encoder",
    "single_soft": "fine-tuned, single stream, softened labels",
    "three_soft": "fine-tuned, three streams, softened labels",
}
DENSE = {
    "gru": "GRU over frames",
    "dste": "DSTE from scratch",
    "pretrained": "DSTE that learnt from composed streams first",
}
ABLATION = "nw_ucla.ablation"
FULL = "full"

_FROZEN = {"linear": "linear accuracy", "knn": "1-NN accuracy"}


def _rows(titles: Mapping[str, str], pattern: str) -> tuple[Row, ...]:
    """A row each, whose key stands for ``KEY`` in the pattern."""
    return tuple(Row(title, pattern.replace("KEY", key)) for key, title in titles.items())


def _columns(protocol: str, measures: Mapping[str, str], what: str = "") -> tuple[Column, ...]:
    """A column each, of one protocol; ``what`` is counted where titles alone do not say it."""
    return tuple(
        Column(key, title, Setting(protocol, f"{what} {title}".strip()))
        for key, title in measures.items()
    )


_NW_UCLA_FROZEN = (
    Column("linear", "linear", NW_UCLA_LINEAR),
    Column("knn", "1-NN, cosine", NW_UCLA_NEAREST),
)
# The same counts on the same clips, but of encoders that published figures may not stand beside.
_NW_UCLA_ABLATED = _columns(CROSS_VIEW, _FROZEN, "ablation,")
_NW_UCLA_TRANSFER = _columns(CROSS_VIEW, _FROZEN, "transfer,")
_NW_UCLA_ACROSS = _columns(
    CROSS_VIEW, _FROZEN | {"finetune": "fine-tuned accuracy"}, "across cameras,"
)

FIXED = {
    "nw_ucla": Comparison(
        "NW-UCLA, cross-view, frozen features",
        _rows(ENCODERS, "nw_ucla.{}.KEY"),
        _NW_UCLA_FROZEN,
        says="Cameras 1 and 2 train, camera 3 tests: 458 of the 464 clips that test are executions "
        "that trained, seen from elsewhere. The next table has no such clips.",
    ),
    "nw_ucla_across": Comparison(
        "NW-UCLA, cross-view, pretrained across cameras",
        (
            Row("single stream", "nw_ucla.{}.single"),
            Row("single stream, across cameras", "nw_ucla.{}.single_across"),
            Row("three streams", "nw_ucla.{}.three"),
            Row("three streams, across cameras", "nw_ucla.{}.three_across"),
            Row("single stream, across cameras, softened labels", "nw_ucla.{}.single_across_soft"),
            Row("three streams, across cameras, softened labels", "nw_ucla.{}.three_across_soft"),
        ),
        _NW_UCLA_ACROSS,
        says="Across cameras: the views of a clip that pretraining compared were drawn from what "
        "both cameras that train recorded of its execution. Softened labels: half of each target "
        "is what a probe of the frozen encoder says that is fitted to other people.",
    ),
    "nw_ucla_subjects": Comparison(
        "NW-UCLA, cross-subject, frozen features",
        _rows({key: ENCODERS[key] for key in ("random", "single")}, "nw_ucla.cross_subject.{}.KEY"),
        _columns(CROSS_SUBJECT, _FROZEN),
        says="Subjects 2, 5 and 7 test with all their views; the split is ours. No pretraining saw "
        "them.",
    ),
    "nw_ucla_finetuned": Comparison(
        "NW-UCLA, cross-view, fine-tuned",
        _rows(FINE_TUNED, "nw_ucla.{}.KEY"),
        (Column("finetune", "accuracy", NW_UCLA_SUPERVISED),),
        says="Softened labels: half of each target is what a probe of the frozen encoder says that "
        "is fitted to other people who train.",
    ),
    "utd_mhad_finetuned": Comparison(
        "UTD-MHAD, cross-subject, fine-tuned",
        _rows({key: FINE_TUNED[key] for key in ("scratch", "single")}, "utd_mhad.{}.KEY"),
        _columns(UTD_MHAD, {"finetune": "accuracy"}),
    ),
    "semi_supervised": Comparison(
        "NW-UCLA, cross-view, some of the labels",
        _rows({key: FINE_TUNED[key] for key in ("scratch", "single")}, "nw_ucla.semi.KEY.{}"),
        _columns(CROSS_VIEW, {str(part): f"{part} %" for part in (1, 5, 10, 20)}, "labels"),
        says="Fine-tuned on this share of each class's labels, at least one clip of each.",
    ),
    "few_shot": Comparison(
        "NW-UCLA, cross-view, a few clips of each class",
        _rows(ENCODERS, "nw_ucla.few_shot.KEY.{}"),
        _columns(CROSS_VIEW, {"1": "1 clip", "3": "3 clips", "5": "5 clips"}, "few-shot,"),
        says="From frozen features of so many clips of each class; mean and deviation of draws, "
        "of random weights that of three encoders.",
    ),
    "early": Comparison(
        "NW-UCLA, cross-view, early prediction",
        _rows(EARLY, "nw_ucla.early.KEY.{}"),
        _columns(CROSS_VIEW, {str(seen): f"{seen} %" for seen in range(10, 101, 10)}, "seen"),
        says="Accuracy when this share of each clip has been seen.",
    ),
    "transfer": Comparison(
        "NW-UCLA, cross-view, transfer",
        (
            Row("random weights", "nw_ucla.{}.random"),
            Row("pretrained on Bandai-Namco and UTD-MHAD", "nw_ucla.transfer.{}"),
            Row("pretrained on NW-UCLA's training split", "nw_ucla.{}.single"),
            Row("pretrained on picture keypoints, evaluated on them", "nw_ucla.projected.{}"),
            Row("pretrained in space, evaluated on picture keypoints", "nw_ucla.to_projected.{}"),
            Row("pretrained on 17 joints, evaluated on them", "nw_ucla.joints17.{}"),
            Row("pretrained on Kinect's 20, evaluated on 17", "nw_ucla.to_joints17.{}"),
        ),
        _NW_UCLA_TRANSFER,
        says="Across data sets and kinds of skeletons, on frozen features.",
    ),
    "utkinect_online": Comparison(
        "UTKinect, frame by frame, online",
        _rows(DENSE, "utkinect.online.KEY.{}"),
        _columns(
            UTKINECT,
            {
                "frame_accuracy": "frame accuracy",
                "macro_f1": "macro-F1",
                "edit": "edit score",
                "f1_10": "F1@10",
                "f1_25": "F1@25",
                "f1_50": "F1@50",
            },
        ),
        says="Whole recordings of people whom no training saw, hop 1, look-ahead 0.",
    ),
    "utkinect_detection": Comparison(
        "UTKinect, temporal detection",
        tuple(
            Row(f"{title}, {shown}", f"utkinect.detection.{key}.{measure}_{{}}")
            for key, title in DENSE.items()
            for measure, shown in (("map_a", "mAP_a"), ("map_v", "mAP_v"))
        ),
        _columns(UTKINECT, {str(10 * tenth): f"0.{tenth}" for tenth in range(1, 10)}, "tIoU"),
        says="By the overlap (tIoU) from which a segment counts as found.",
    ),
    "paper_linear": Comparison(
        "The paper's data sets, linear accuracy on frozen features",
        _rows({key: ENCODERS[key] for key in ("single", "three", "multi")}, "{}.KEY"),
        tuple(
            Column(key, title, setting)
            for key, title, setting in zip(
                (
                    *("ntu60.cross_subject.linear", "ntu60.cross_view.linear"),
                    *("ntu120.cross_subject.linear", "ntu120.cross_set.linear"),
                    "pku2.cross_subject.linear",
                ),
                ("NTU 60 x-sub", "x-view", "NTU 120 x-sub", "x-set", "PKU-MMD II x-sub"),
                PAPER_LINEAR,
                strict=True,
            )
        ),
        says="These need a registration with their owners; their readers are proved on files of "
        "the published forms.",
    ),
    "paper_dense": Comparison(
        "PKU-MMD, detection at tIoU 0.5 and segmentation",
        (),
        tuple(
            Column(key, title, setting)
            for key, title, setting in zip(
                ("map_a_50", "map_v_50", "frame_accuracy", "edit"),
                ("mAP_a", "mAP_v", "frame accuracy", "edit score"),
                PAPER_DENSE,
                strict=True,
            )
        ),
        says="Phase and split are not known here, so nothing of ours may stand beside these.",
    ),
}
"""Every table but the ablation, by the name that documents call it by."""


def tables(names: Iterable[str]) -> dict[str, Comparison]:
    """All tables; ``names``, of what was measured, say which rows the ablation has."""
    prefix = f"{ABLATION}."
    keys = {without_seed(name)[len(prefix) :] for name in names if name.startswith(prefix)}
    found = sorted({key.partition(".")[0] for key in keys} - {FULL})
    titles = {FULL: "the full method"} | {key: key.replace("_", " ") for key in found}
    return FIXED | {
        "ablation": Comparison(
            "NW-UCLA, cross-view, ablation",
            _rows(titles, f"{ABLATION}.KEY.{{}}"),
            _NW_UCLA_ABLATED,
            full=f"{ABLATION}.{FULL}.{{}}",
            says="D = 96, 100 epochs, single stream; mean and deviation of seeds, one where no "
            "deviation stands; in brackets the difference to the full method.",
        )
    }
