"""Weights that have seen who tests are refused by what is noted beside them."""

from argparse import Namespace
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import torch

from model.network.pretrained import load_pretrained, save_pretrained
from model.pose.store import ClipEntry, DataSet, PoseStore
from model.pose.store_writer import PoseStoreWriter
from tests.training.protocol_store import clip, write_encoder, write_protocol_store
from tests.training.test_protocols import store_of
from training.__main__ import main
from training.clip_source import ClipSource, seen_by_data_set
from training.dense_evaluation import _unseen
from training.evaluate_utkinect import note_what_was_seen
from training.leaks import LeakError, Seen, check_unseen
from training.protocols import protocol_named
from training.results import read_result
from training.splits import COMPOSED, REAL

PROTOCOL = "utd_mhad/cross-subject"


@pytest.fixture(scope="module")
def odd_and_even(tmp_path_factory: pytest.TempPathFactory) -> PoseStore:
    return write_protocol_store(tmp_path_factory.mktemp("protocol") / "store")


@pytest.fixture(scope="module")
def two_cameras(tmp_path_factory: pytest.TempPathFactory) -> PoseStore:
    """A store that says it is NW-UCLA: subjects 1 and 2, each by cameras 1 and 3."""
    path = tmp_path_factory.mktemp("cameras") / "store"
    with PoseStoreWriter(path, DataSet("nw_ucla", "kinect20", 30.0, ("x",), "none")) as writer:
        for subject in (1, 2):
            for view in (1, 3):
                seen = clip(subject, 0, view, 12)
                writer.append(
                    type(seen)(seen.name, seen.keypoints, seen.times_ms, subject, view, 0)
                )
    return PoseStore(path)


def noting(path: Path, provenance: Mapping[str, object]) -> Path:
    """A file with notes, which alone are read."""
    torch.save({"provenance": dict(provenance)}, path)
    return path


@pytest.mark.parametrize(
    ("protocol", "seen", "leaked"),
    [
        ("cross-view", {"subjects": [1, 2], "views": [1]}, None),
        ("cross-view", {"subjects": [1], "views": [1, 3]}, "subjects 1 by cameras 3"),
        ("cross-view", {"subjects": [1, 2], "views": []}, "subjects 1, 2 by cameras 3"),
        ("cross-subject", {"subjects": [1], "views": [1, 3]}, None),
        ("cross-subject", {"subjects": [1, 2], "views": [1]}, "subjects 2 by cameras 1"),
        ("cross-subject", {"subjects": [-1], "views": [1]}, None),
    ],
)
def test_a_clip_was_seen_if_its_subject_and_camera_were(
    protocol: str,
    seen: dict[str, object],
    leaked: str | None,
    two_cameras: PoseStore,
    tmp_path: Path,
) -> None:
    """Cross-view shares subjects, cross-subject cameras; a file older than setups tells as much."""
    chosen = protocol_named(f"nw_ucla/{protocol}")
    test = chosen.partition(two_cameras).test
    file = noting(tmp_path / "x.ckpt", {"data": {"nw_ucla": {"clips": 9, **seen}}})
    if leaked is None:
        assert check_unseen([file], chosen.name, two_cameras, test) == ()
        return
    with pytest.raises(LeakError, match=rf"x\.ckpt: expected .* nw_ucla/{protocol}, .*{leaked}$"):
        check_unseen([file], chosen.name, two_cameras, test)


def test_a_clip_of_another_setup_was_not_seen() -> None:
    """NTU RGB+D 120 splits by setups; who notes none may have seen any."""
    clip_of_4 = ClipEntry("a", 0, 1, subject=1, view=2, setup=4)
    someone, camera = frozenset({1}), frozenset({2})
    assert Seen(someone, camera, frozenset({4, 6})).holds(clip_of_4)
    assert not Seen(someone, camera, frozenset({6})).holds(clip_of_4)
    assert Seen(someone, camera).holds(clip_of_4)


def test_what_a_source_says_was_seen_is_what_is_refused(two_cameras: PoseStore) -> None:
    """Only where a clip that tests is among the places: notes and their reader agree."""
    source = ClipSource([two_cameras], "kinect20", "kinect-3d", 1)
    chosen = protocol_named("nw_ucla/cross-view")
    parts = chosen.partition(two_cameras)
    file = two_cameras.path.parent / "seen.ckpt"
    noting(file, {"data": source.seen(parts.train)})
    assert check_unseen([file], chosen.name, two_cameras, parts.test) == ()
    noting(file, {"data": source.seen([*parts.train, parts.test[0]])})
    with pytest.raises(LeakError, match="subjects 1, 2 by cameras 3"):
        check_unseen([file], chosen.name, two_cameras, parts.test)


def test_a_recogniser_has_seen_what_its_encoder_saw(
    odd_and_even: PoseStore, tmp_path: Path
) -> None:
    """Its own clips are of the training part, but it was pretrained on all; other data are none."""
    chosen = protocol_named(PROTOCOL)
    test = chosen.partition(odd_and_even).test
    own = {"data": {"utd_mhad": {"subjects": [1, 3]}}}
    sound = noting(tmp_path / "a.ckpt", own | {"encoder": {"data": {"hdm05": {"subjects": [2]}}}})
    silent = noting(tmp_path / "b.ckpt", own | {"encoder": {"commit": "x"}})
    assert check_unseen([sound], chosen.name, odd_and_even, test) == ()
    (note,) = check_unseen([sound, silent], chosen.name, odd_and_even, test)
    assert note == f"{silent} does not say all that it saw: a leak would go unnoticed."
    saw_all = {"data": {"utd_mhad": {"subjects": [2]}}}
    for encoder in (saw_all, own | {"encoder": saw_all}):
        leaky = noting(tmp_path / "c.ckpt", own | {"encoder": encoder})
        with pytest.raises(LeakError, match=r"subjects 2$"):
            check_unseen([sound, leaky], chosen.name, odd_and_even, test)


@pytest.mark.parametrize("task", ["linear", "knn", "few-shot", "early"])
def test_the_commands_refuse_a_leak_and_note_silence(
    task: str, odd_and_even: PoseStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2 and one sentence; with random weights nothing leaks.

    While subjects choose it is said of them, and of nobody who tests.
    """
    file = write_encoder(tmp_path / "pretrained.ckpt")
    asked = ["evaluate", task, "--protocol", PROTOCOL, "--store", str(odd_and_even.path)]
    asked += ["--pretrained", str(file), "--out", str(tmp_path / "results"), "--name"]
    if task == "knn":
        assert main([*asked, "silent"]) == 0
        assert "does not say all" in read_result(tmp_path / "results" / "silent.json").notes[-1]
    pretrained = load_pretrained(file)
    data = {"utd_mhad": {"clips": 24, "subjects": [1, 2], "views": [], "setups": []}}
    leaky = replace(pretrained, provenance={"data": data})
    save_pretrained(leaky, file)
    capsys.readouterr()
    assert main([*asked, "leaky"]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said == (
        f"evaluate {task}: {file}: expected weights that saw no clip they are asked about by "
        f"{PROTOCOL}, these saw subjects 2"
    )
    assert not (tmp_path / "results" / "leaky.json").exists()
    if task == "knn":
        assert main([*asked, "random", "--random-weights", "1"]) == 0
        assert main([*asked, "sound", "--choosing"]) == 0
        assert not capsys.readouterr().err
        data["utd_mhad"]["subjects"] = [1, 7]
        save_pretrained(replace(leaky, provenance={"data": data}), file)
        assert main([*asked, "chosen", "--choosing"]) == 0
        (said,) = capsys.readouterr().err.splitlines()
        assert said.endswith("these saw subjects 7")
        assert f"{said}." in read_result(tmp_path / "results" / "chosen.json").notes


@pytest.mark.parametrize(("asked", "seen"), [("ntu60", "ntu120_2d"), ("ntu120", "ntu60_agcn")])
def test_one_edition_of_ntu_holds_clips_of_the_other(asked: str, seen: str, tmp_path: Path) -> None:
    """Under other names, the same people were seen by the same cameras."""
    store = store_of(tmp_path / "store", asked, [(3, 1, ()), (1, 2, ())])
    file = noting(tmp_path / "x.ckpt", {"data": {seen: {"subjects": [1, 3], "views": [2]}}})
    chosen = protocol_named(f"{asked}/cross-subject")
    assert check_unseen([file], chosen.name, store, [0]) == ()
    with pytest.raises(LeakError, match="subjects 1 by cameras 2"):
        check_unseen([file], chosen.name, store, [0, 1])


def test_a_protocol_does_not_pretrain_on_the_other_edition(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of further stores all clips train: of the other edition of NTU that would be who tests."""
    stores = [
        store_of(tmp_path / name, name, [(1, 2, ("xsub_train",)), (3, 1, ("xsub_test",))])
        for name in ("ntu60", "ntu120")
    ]
    words = ["pretrain", "--protocol", "ntu60/cross-subject", "--out", str(tmp_path / "out")]
    words += ["--layout", "kinect20", "--normalisation", "kinect-3d", "--store"]
    assert main([*words, *(str(store.path) for store in stores)]) == 2
    assert "got ntu120, which holds the same clips" in capsys.readouterr().err


def test_streams_are_of_the_data_sets_that_they_show(tmp_path: Path) -> None:
    """Composed ones and recorded ones, whatever their own store is called."""
    store = store_of(
        tmp_path / "store", "everyday", [(1, 3, (COMPOSED,)), (2, 1, (REAL,)), (4, 1, ())]
    )
    entries = [
        msgspec.structs.replace(entry, name=f"{name}/s01/0") if name else entry
        for entry, name in zip(store.entries, ("nw_ucla", "utkinect", ""), strict=True)
    ]
    seen = seen_by_data_set((store, entry) for entry in entries)
    assert {name: each["subjects"] for name, each in seen.items()} == {
        "nw_ucla": [1],
        "utkinect": [2],
        "everyday": [4],
    }


def test_without_a_protocol_too_nobody_who_tests_may_have_been_seen(tmp_path: Path) -> None:
    """UTKinect's own commands refuse it; whom one names oneself is asked, and that is said."""
    store = store_of(tmp_path / "store", "utkinect", [(1, 1, ()), (2, 1, ())])
    file = noting(tmp_path / "x.ckpt", {"data": {"utkinect": {"subjects": [1, 2]}}})
    asked = Namespace(checkpoint=file, artifact=None, subjects=[1])
    note_what_was_seen(asked, store)
    learnt, (note,) = _unseen(asked, "utkinect/subjects 1", store, [0])
    assert learnt
    assert note.startswith("No test: ")
    with pytest.raises(LeakError, match="subjects 2"):
        note_what_was_seen(Namespace(checkpoint=file, subjects=[1, 2]), store)
    with pytest.raises(LeakError, match="subjects 2"):
        _unseen(Namespace(checkpoint=file, artifact=None, subjects=None), "utkinect", store, [1])
    exported = Namespace(checkpoint=None, artifact=Path("x.onnx"), subjects=None)
    learnt, (note,) = _unseen(exported, "utkinect", store, [1])
    assert not learnt
    assert note == "x.onnx does not say whom it saw: a leak would go unnoticed."


@pytest.mark.parametrize(("view", "noted"), [(1, 1), (3, 0)])
def test_of_unnamed_people_a_leak_may_go_unnoticed(view: int, noted: int, tmp_path: Path) -> None:
    """PKU-MMD I names nobody: what the same camera saw may be the same clip, and that is said."""
    path = tmp_path / "store"
    with PoseStoreWriter(path, DataSet("pku1", "kinect20", 30.0, ("x",), "none")) as writer:
        seen = clip(1, 0, 1, 12)
        writer.append(type(seen)(seen.name, seen.keypoints, seen.times_ms, -1, view, 0))
    file = noting(tmp_path / "x.ckpt", {"data": {"pku1": {"subjects": [-1], "views": [1, 2]}}})
    notes = check_unseen([file], "pku1/cross-view", PoseStore(path), [0])
    assert len(notes) == noted
    assert all("clips of unnamed people" in note for note in notes)
