"""Published figures, each with its protocol and where it was read.

Only what was read in a table or in a public README stands here; what somebody remembers does not.
It knows none of our figures: which of these may stand beside them, the protocol alone decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass

USDRL = "USDRL, AAAI 2025, arXiv 2412.09220, and its extension, IEEE TPAMI 2026, arXiv 2508.12586"
A_README = "read in a public README"


@dataclass(frozen=True)
class Setting:
    """What a figure is of; two figures may be compared where theirs are equal.

    Attributes:
        protocol: Which clips train and which test: ``nw_ucla/cross-view``.
        measure: What is trained how, and what is counted: ``linear accuracy``.
    """

    protocol: str
    measure: str


@dataclass(frozen=True)
class Published:
    """Figures that others published of one method.

    Attributes:
        method: Its name, with what it reads.
        source: Where the figures were read, and what is doubtful about them.
        values: In per cent.
    """

    method: str
    source: str
    values: Mapping[Setting, float]


NW_UCLA_LINEAR = Setting("nw_ucla/cross-view", "linear accuracy")
NW_UCLA_NEAREST = Setting("nw_ucla/cross-view", "1-NN accuracy")
NW_UCLA_SUPERVISED = Setting("nw_ucla/cross-view", "supervised accuracy")
PAPER_LINEAR = tuple(
    Setting(protocol, "linear accuracy")
    for protocol in (
        "ntu60/cross-subject",
        "ntu60/cross-view",
        "ntu120/cross-subject",
        "ntu120/cross-set",
        "pku2/cross-subject",
    )
)
PKU_MMD = "pku_mmd"
"""Where the figures of the dense tasks were read, neither phase nor split is named."""
PAPER_DENSE = (
    Setting(PKU_MMD, "mAP_a at tIoU 0.5"),
    Setting(PKU_MMD, "mAP_v at tIoU 0.5"),
    Setting(PKU_MMD, "frame accuracy"),
    Setting(PKU_MMD, "edit score"),
)


def _paper(method: str, *values: float) -> Published:
    return Published(method, USDRL, dict(zip(PAPER_LINEAR, values, strict=True)))


LITERATURE = (
    Published("MoCo with auto-encoder and latent similarity", A_README, {NW_UCLA_LINEAR: 86.1}),
    Published(
        "Predict & Cluster",
        f"{A_README}, which lists it among linear results; probably 1-NN",
        {NW_UCLA_NEAREST: 84.9},
    ),
    Published("Hyperformer, several streams", A_README, {NW_UCLA_SUPERVISED: 96.7}),
    Published("MMCL, several streams", A_README, {NW_UCLA_SUPERVISED: 97.5}),
    Published("SkateFormer, several streams", A_README, {NW_UCLA_SUPERVISED: 98.3}),
    _paper("USDRL (STTR), joint", 84.2, 90.8, 76.0, 76.9, 51.8),
    _paper("USDRL (DSTE), joint", 85.2, 91.7, 76.6, 78.1, 54.4),
    _paper("USDRL (STTR), one encoder of joint, motion and bone", 85.8, 91.8, 77.5, 78.8, 54.7),
    _paper("3s-USDRL (DSTE), joint, motion and bone", 87.1, 93.2, 79.3, 80.6, 59.7),
    Published("USDRL", USDRL, dict(zip(PAPER_DENSE, (75.7, 74.9, 68.7, 67.5), strict=True))),
)
