"""The commands of the everyday evaluation, and the card that is made of what they find."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import numpy as np
import pytest

from model.pose.figures import Figure, read_figures
from model.pose.layout import layout_named
from tests.training.everyday import made_up
from tests.training.everyday.bodies import STANDING
from tests.training.everyday.oracles import always
from training.__main__ import main
from training.everyday import evaluate, evaluate_videos
from training.everyday.card import CARD, CardError, refreshed
from training.everyday.evaluate_videos import picture
from training.everyday.evaluation import Plan, evaluate_streams
from training.everyday.films import read_films
from training.everyday.picture_recording import PictureRecording
from training.everyday.real_videos import verdict
from training.everyday.report import publish
from training.everyday.splits import held_out, read_splits
from training.everyday.vocabulary import read_vocabulary
from training.results import Result, write_result

LABELS = read_vocabulary().labels


def standing(name: str, frames: int = 90) -> PictureRecording:
    """Somebody who stands in the picture for three seconds, at 30 frames a second."""
    rows = np.zeros((frames, 13, 4), np.float32)
    rows[..., :2] = [320, 400] + STANDING[:, :2] * [200, -200]
    rows[..., 3] = 0.9
    times_ms = np.arange(frames) * 1000 / 30
    return PictureRecording(name, layout_named("body13"), (640, 480), times_ms, rows)


def figure(name: str, value: float, unit: str = "%", note: str = "") -> Figure:
    return Figure(
        name, value, unit, "python -m training evaluate", "a CPU", "2026-01-31", "a", note
    )


def results(directory: Path, **changes: object) -> Path:
    """Results of two models and of two videos."""
    main_figures = {
        "macro_f1": 81.25, "false_alarms_per_minute": 0.5, "onset_delay_s": 0.45,
        "real.macro_f1": 60.0,
        "source.hdm05.macro_f1": 70.0, "action.sit_down.f1": 90.0,
        "action.raise_both_arms.f1": 10.0,
        "layout.coco17": 99.0, "layout_agreement": 99.0, "ece": 3.0,
    }  # fmt: skip
    units = {"false_alarms_per_minute": "/min", "onset_delay_s": "s"}
    for name in ("everyday.joined", "everyday.gru"):
        figures = tuple(
            figure(f"{name}.{key}", value, units.get(key, "%"))
            for key, value in main_figures.items()
        )
        curves = {"noise": ((0.0, 80.0), (4.0, 40.0)), "arms": ((46.0, 50.0),),
                  "missing": ((0.0, 80.0), (50.0, 20.0))}  # fmt: skip
        result = Result(name, "everyday", "p", figures, LABELS, (1, 2), (1, 1), curves)
        write_result(msgspec.structs.replace(result, **changes), directory)
    video = "everyday.videos.upfall_activity6_trial1_cam1"
    told = "walks: mostly walk (80 %); told: walk 1.0–4.0 s"
    shares = (figure(f"{video}.right", 80.0, note=told), figure(f"{video}.other", 5.0))
    write_result(Result("everyday.videos", "everyday-videos", "v", shares), directory)
    (directory / "everyday-video-upfall_activity6_trial1_cam1.svg").write_text("<svg/>")
    return directory


def test_what_was_measured_becomes_figures_pictures_and_the_card(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The main model's figures lose its name; of the others only the scores are published."""
    directory = results(tmp_path / "results")
    assert main(["report", "everyday", "--results", str(directory), "--json"]) == 0
    text = capsys.readouterr().out
    values = json.loads(text.splitlines()[-1])
    assert values["everyday.macro_f1"] == values["everyday.gru.macro_f1"] == 81.25
    assert "everyday.gru.source.hdm05.macro_f1" not in values
    assert "| raise both arms *(experimental)* | – | – | 10.0 |" in text
    assert "| that DSTE without pretraining | – |" in text
    assert "| upfall_activity6_trial1_cam1 | walks | 80.0 | – | 5.0 | mostly walk (80 %)" in text
    for name in ("everyday-robustness.svg", "everyday-confusion.svg"):
        ElementTree.fromstring((directory / name).read_text())

    figures = {name: figure(name, value) for name, value in values.items()}
    figures["everyday.videos.upfall_activity6_trial1_cam1.right"] = figure("x", 80.0, note="a: b")
    recorded = tmp_path / "figures.json"
    named = {name: msgspec.structs.replace(each, name=name) for name, each in figures.items()}
    publish(named, directory, tmp_path / "docs", recorded)
    card = (tmp_path / "docs" / CARD.name).read_text()
    assert "81.2" in card
    assert "![Everyday model: macro-F1" in card
    assert set(read_figures(recorded)) == set(values)
    there = {path.name for path in (tmp_path / "docs").glob("*.svg")}
    assert refreshed(card, read_figures(recorded), there) == card


def test_the_card_says_what_was_recorded() -> None:
    """The page is what the recorded figures and the pictures beside it make of it."""
    text = CARD.read_text()
    pictures = {path.name for path in CARD.parent.glob("*.svg")}
    assert refreshed(text, read_figures(), pictures) == text


def test_a_card_cannot_ask_for_what_there_is_not() -> None:
    """The sentence names the block and those that there are."""
    with pytest.raises(CardError, match="there is no block 'wishes'; there are models, real"):
        refreshed("<!-- everyday:wishes -->\n<!-- /everyday -->", {}, ())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"choosing": True}, "expected a result of people who test"),
        ({"name": "everyday.other"}, "expected a result called everyday.joined"),
        ({"protocol": "everyday/people who trained"}, "and it alone, to be of people who trained"),
    ],
)
def test_results_that_must_not_be_published_are_refused(
    changes: dict[str, object], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With one sentence and status 2."""
    assert main(["report", "everyday", "--results", str(results(tmp_path, **changes))]) == 2
    assert said in capsys.readouterr().err


def test_the_verdict_counts_the_frames_that_were_spoken_of() -> None:
    """Standing still is background; what always says wave is all wrong there.

    What nobody knows the truth of is not judged.
    """
    films = read_films(read_vocabulary())
    film, fall = films["upfall_activity7_trial2_cam1"], films["upfall_activity3_trial2_cam1"]
    recording = standing("upfall_activity7_trial2_cam1")
    still = verdict(recording, film, always(0, LABELS))
    waves = verdict(recording, film, always(LABELS.index("wave"), LABELS))
    assert still is not None
    assert waves is not None
    assert (still.right, still.named, still.other) == (100, None, 0)
    assert (waves.right, waves.other, waves.most) == (0, 100, ("wave", 100))
    assert waves.words.startswith("mostly wave (100 %); told: wave 0.5–3.0 s")
    fell = verdict(recording, fall, always(LABELS.index("fall"), LABELS))
    assert fell is not None
    assert fell.named == 100
    assert fell.right + fell.other == pytest.approx(100)
    assert verdict(standing("x", 5), film, always(0, LABELS)) is None
    unclear = films["bsd3_walk_past_1768x994_30fps"]
    assert verdict(recording, unclear, always(0, LABELS)) is None
    drawn = picture(recording, waves, LABELS)
    ElementTree.fromstring(drawn)
    assert ">wave<" in drawn


def test_streams_of_a_store_are_evaluated(tmp_path: Path) -> None:
    """What says nothing: no alarm, nothing found, all unknown rejected with all known lost."""
    (tmp_path / "v.toml").write_text(made_up.VOCABULARY)
    (tmp_path / "s.toml").write_text(made_up.SPLITS)
    vocabulary, splits = read_vocabulary(tmp_path / "v.toml"), read_splits(tmp_path / "s.toml")
    stores = [made_up.write_store(tmp_path / "store")]
    silent, plan = always(0, vocabulary.labels), Plan(1.0, 1.0, 0.0)
    found = evaluate_streams(silent, stores, vocabulary, splits, "test", plan)
    values = found.values
    assert (values["macro_f1"], values["false_alarms_per_minute"]) == (0, 0)
    assert values["never_found"] == values["source.hdm05.never_found"] == 100
    assert values["unknown.rejected"] == values["unknown.lost"] == 100
    assert values["unknown.rejected.hdm05"] == 100
    for people, part in ((3, "train"), (1, "test")):
        assert {values[name] for name in values if name.endswith(f"{part}_people")} == {people}
    assert set(found.predicted) == {0}
    assert "onset_delay_s" not in values
    assert not any(name.startswith("real.") for name in values)


def test_videos_of_nobody_are_no_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recordings of too few frames to be spoken of: a sentence each, status 2, and no file."""
    monkeypatch.setattr(evaluate_videos, "opened_model", lambda _: always(0, LABELS))
    short = [standing("upfall_activity7_trial2_cam1", 5)]
    monkeypatch.setattr(evaluate_videos, "read_picture_recordings", lambda _: short)
    words = ["--artifact", "a", "--recordings", "r", "--name", "everyday.videos"]
    assert main(["evaluate", "everyday-videos", *words, "--out", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert "nobody is seen long enough" in said.out
    assert said.err == (
        "evaluate: r: expected a recording of somebody whose action is known, got 1 without\n"
    )
    assert not list(tmp_path.iterdir())


def test_a_model_of_another_table_of_people_is_not_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have learnt from those who test here; one that does not say is told of."""
    spec = always(0, LABELS).spec
    other = replace(spec, provenance=replace(spec.provenance, held_out="ab" * 32))
    model = replace(always(0, LABELS), spec=other)
    monkeypatch.setattr(evaluate, "opened_model", lambda _: model)
    words = ["--artifact", "a", "--stores", str(tmp_path), "--name", "a", "--out", str(tmp_path)]
    assert main(["evaluate", "everyday", *words]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert "expected a model that was trained without the people and actions held out here" in said
    assert "got one without others (abababababab…)" in said

    monkeypatch.setattr(evaluate, "opened_model", lambda _: always(0, LABELS))
    assert main(["evaluate", "everyday", *words]) == 2
    silent = capsys.readouterr()
    assert "does not say what was kept from its training" in silent.out
    assert "nw_ucla: expected a prepared store" in silent.err

    kept = held_out(read_splits(), read_vocabulary())
    ours = replace(spec, provenance=replace(spec.provenance, held_out=kept))
    monkeypatch.setattr(evaluate, "opened_model", lambda _: replace(model, spec=ours))
    assert main(["evaluate", "everyday", *words]) == 2
    known = capsys.readouterr()
    assert (known.out, "nw_ucla: expected a prepared store" in known.err) == ("", True)


def test_bad_input_of_the_evaluation_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An artifact that is not there, a name that is none, no results: status 2 each."""
    model = ["--artifact", str(tmp_path / "no.onnx"), "--out", str(tmp_path)]
    for words in (
        ["evaluate", "everyday", *model, "--stores", str(tmp_path), "--name", "a"],
        ["evaluate", "everyday", *model, "--stores", str(tmp_path), "--name", "../a"],
        ["evaluate", "everyday-videos", *model, "--recordings", str(tmp_path), "--name", "a"],
        ["report", "everyday", "--results", str(tmp_path)],
    ):
        assert main(words) == 2
        said = capsys.readouterr().err
        assert len(said.splitlines()) == 1
        assert "Traceback" not in said
