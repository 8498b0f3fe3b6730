"""Tables of ours beside published figures: what stands in them, and what must not."""

import pytest

from model.pose.figures import Figure
from training.comparison import Column, Comparison, Row, measurements, table_lines
from training.literature import LITERATURE, PKU_MMD, Published, Setting
from training.protocols import PROTOCOLS
from training.usdrl_tables import UTKINECT, tables

LINEAR = Setting("hops/cross-view", "linear accuracy")
NEAREST = Setting("hops/cross-view", "1-NN accuracy")
TABLE = Comparison(
    "Hops",
    (
        Row("random weights", "hops.{}.random"),
        Row("pretrained", "hops.{}.single"),
        Row("three streams", "hops.{}.three"),
    ),
    (Column("linear", "linear", LINEAR), Column("knn", "1-NN", NEAREST)),
    says="Few clips.",
)


def figure(name: str, value: float, note: str = "") -> Figure:
    """A figure that some machine measured some day."""
    return Figure(name, value, "%", f"measure {name}", "a CPU", "2026-01-31", "abc", note)


def test_a_table_sets_ours_beside_what_was_published_of_the_same_protocol() -> None:
    """Mean ± deviation over seeds or as noted, gaps and missing rows said, sources named."""
    figures = [
        figure("hops.linear.random", 70.0, "Five draws."),
        figure("hops.linear.random.deviation", 0.5),
        figure("hops.knn.random", 60.04),
        figure("hops.linear.single.seed_1", 80.0),
        figure("hops.linear.single.seed_2", 84.0),
    ]
    literature = [
        Published("Elsewhere", "a poster", {Setting("hops/cross-subject", "linear accuracy"): 99}),
        Published("Otherwise", "a poster", {Setting("hops/cross-view", "supervised"): 98.0}),
        Published("Alike", "a paper", {NEAREST: 65.0}),
    ]
    lines = table_lines(TABLE, measurements(figures), literature)

    assert "\n".join(lines) == "\n".join(
        [
            "| % | linear | 1-NN |",
            "|---|---:|---:|",
            "| random weights | 70.0 ± 0.5 | 60.0 |",
            "| pretrained | 82.0 ± 2.8 | – |",
            "| three streams | not measured | – |",
            "| *Alike* |  | 65.0 |",
            "",
            "Published, in italics: Alike (a paper).",
            "",
            "Few clips.",
            "",
            "Measured on a CPU, 2026-01-31.",
            "",
            "<details><summary>How</summary>",
            "",
            "- Five draws.",
            "",
            "```",
            "measure hops.linear.random",
            "measure hops.knn.random",
            "measure hops.linear.single.seed_1",
            "measure hops.linear.single.seed_2",
            "```",
            "",
            "</details>",
            "",
        ]
    )


def test_a_table_without_any_figure_is_one_sentence() -> None:
    """Nothing is made up: it names the rows that were not measured."""
    assert table_lines(TABLE, {}, LITERATURE) == [
        "Not measured: random weights; pretrained; three streams.",
        "",
    ]


def test_the_ablation_says_what_each_part_is_worth() -> None:
    """A row each name found, by seeds, with the difference to the full method in brackets."""
    values = {
        "full.linear.seed_1": 90.0, "full.linear.seed_2": 91.0,
        "without_similarity.linear.seed_1": 80.0, "without_similarity.seed_2.linear": 83.0,
    }  # fmt: skip
    figures = [figure(f"nw_ucla.ablation.{name}", value) for name, value in values.items()]
    measured = measurements(figures)
    table = tables(measured)["ablation"]

    assert table_lines(table, measured, LITERATURE)[2:5] == [
        "| the full method | 90.5 ± 0.7 | – |",
        "| without similarity | 81.5 ± 2.1 (−9.0) | – |",
        "",
    ]


@pytest.mark.parametrize(
    "protocol", sorted({s.protocol for t in tables(()).values() for s in t.names().values()})
)
def test_every_column_is_of_a_protocol_that_evaluations_have(protocol: str) -> None:
    """A column of a protocol that nobody can evaluate would refuse every result."""
    assert protocol in {*PROTOCOLS, UTKINECT}


def test_published_figures_stand_in_some_table_each() -> None:
    """None is forgotten, and those of an unknown split have no row of ours beside them."""
    columns = [column for table in tables(()).values() for column in table.columns]
    shown = {column.setting for column in columns}
    assert all(setting in shown for found in LITERATURE for setting in found.values)
    beside = {s.protocol for table in tables(()).values() for s in table.names().values()}
    assert PKU_MMD not in beside
