"""On what a run learns, decided for machines that are not here."""

import json
from dataclasses import dataclass, replace

import pytest

from training.__main__ import main
from training.devices import Accelerator, DeviceError, Devices, Launched, choose_devices
from training.doctor import EXPECTED, examine


@dataclass(frozen=True)
class StandIn:
    """A machine as a test says."""

    names: tuple[str, ...] = ()
    gpu_bf16: bool = True
    processor_bf16: bool = False
    processes: Launched | None = None

    def cuda_names(self) -> list[str]:
        return list(self.names)

    def cuda_bf16(self) -> bool:
        return bool(self.names) and self.gpu_bf16

    def cpu_bf16(self) -> bool:
        return self.processor_bf16

    def launched(self) -> Launched | None:
        return self.processes


BARE = StandIn()
MODERN = StandIn(processor_bf16=True)
ONE_GPU = StandIn(("NVIDIA H200",))
OLD_GPU = StandIn(("Tesla P100",), gpu_bf16=False, processor_bf16=True)
TWO_GPUS = StandIn(("NVIDIA H200", "NVIDIA H200"))
TWO_OF_FOUR = StandIn(("NVIDIA H200",) * 2, processes=Launched(2, 4))


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (BARE, Devices("cpu", 1, 1, "32-true")),
        (MODERN, Devices("cpu", 1, 1, "bf16-mixed")),
        (ONE_GPU, Devices("cuda", 1, 1, "bf16-mixed")),
        (OLD_GPU, Devices("cuda", 1, 1, "32-true")),
        (TWO_GPUS, Devices("cuda", 1, 1, "bf16-mixed")),
        (TWO_OF_FOUR, Devices("cuda", 2, 2, "bf16-mixed")),
        (StandIn(processes=Launched(2, 2)), Devices("cpu", 2, 1, "32-true")),
    ],
)
def test_told_nothing_a_run_takes_the_best_that_is_there(
    machine: StandIn, expected: Devices
) -> None:
    """CUDA before CPU, bfloat16 where it is faster, as many as torchrun has started."""
    assert choose_devices(machine) == expected


def test_what_is_asked_for_is_what_is_taken() -> None:
    """A CPU beside a GPU, float32 beside bfloat16, two of two, bfloat16 on any CPU."""
    assert choose_devices(ONE_GPU, "cpu") == Devices("cpu", 1, 1, "32-true")
    assert choose_devices(ONE_GPU, precision="32-true") == Devices("cuda", 1, 1, "32-true")
    assert choose_devices(TWO_GPUS, count=2) == Devices("cuda", 2, 1, "bf16-mixed")
    assert choose_devices(BARE, precision="bf16-mixed").precision == "bf16-mixed"
    assert str(choose_devices(TWO_OF_FOUR)) == "cuda × 2 on each of 2 machines, bf16-mixed"


@pytest.mark.parametrize(
    ("machine", "accelerator", "count", "sentence"),
    [
        (BARE, "cuda", None, "--accelerator cuda: expected a CUDA device, torch finds none"),
        (ONE_GPU, "cuda", 2, r"--devices: expected at most 1 \(CUDA\), got 2"),
        (BARE, "cpu", 0, "--devices: expected at least 1, got 0"),
        (TWO_OF_FOUR, "cuda", 1, "expected 2, as many as torchrun has processes here, got 1"),
    ],
)
def test_what_cannot_be_had_is_refused(
    machine: StandIn, accelerator: Accelerator, count: int | None, sentence: str
) -> None:
    """One sentence names the flag, what there is and what was asked for."""
    with pytest.raises(DeviceError, match=sentence):
        choose_devices(machine, accelerator, count)


def test_bfloat16_is_refused_to_a_gpu_without_it() -> None:
    """The device is named."""
    with pytest.raises(DeviceError, match=r"expected a device with bfloat16, got Tesla P100"):
        choose_devices(OLD_GPU, precision="bf16-mixed")


def test_the_doctor_prints_on_a_cuda_host_what_its_help_promises() -> None:
    """Each line that --help says such a host must print is printed for one."""
    report = examine(ONE_GPU, "cuda", lambda accelerator: 0.003)
    promised = [line.strip() for line in EXPECTED.splitlines() if line.startswith("  ")]
    assert len(promised) == 3
    assert set(promised) <= set(report.lines())


def test_the_doctor_names_what_stands_in_the_way() -> None:
    """CUDA was demanded and is not here, or a device computes wrongly."""
    absent = examine(BARE, "cuda", lambda accelerator: 0.003)
    assert absent.problems == ["--require cuda: expected a CUDA device, torch finds none"]
    broken = examine(ONE_GPU, None, lambda accelerator: float("nan"))
    assert broken.problems == ["cuda: expected a product in bfloat16 within 1 %, got nan %"]
    assert broken.lines()[-1] == "1 problem(s)"


def test_the_doctor_says_that_torchrun_started_too_many(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two processes on one GPU: exit 2 and one sentence."""
    monkeypatch.setattr(
        "training.doctor.ThisMachine", lambda: replace(ONE_GPU, processes=Launched(2, 2))
    )
    assert main(["doctor"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said == ["doctor: --devices: expected at most 1 (CUDA), got 2"]


def test_the_doctor_examines_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    """A processor is always here, and multiplies bfloat16, in hardware or not."""
    assert main(["doctor", "--require", "cpu", "--json"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[-2] == "all is well"
    assert json.loads(said[-1])["problems"] == []
