"""Devices: on what a run learns, and in what precision, decided from what a machine has.

The decision is plain; what a machine has is asked through `Machine`, so that any machine can be
stood in for. `python -m training doctor` prints it.
"""

import os
import timeit
from dataclasses import dataclass
from functools import cache, partial
from typing import Final, Literal, Protocol, get_args

import torch
from lightning.fabric import Fabric

Accelerator = Literal["cpu", "cuda"]
Precision = Literal["32-true", "bf16-mixed"]
ACCELERATORS: tuple[Accelerator, ...] = get_args(Accelerator)
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
AUTO: Final = "auto"


class DeviceError(ValueError):
    """A device that was asked for and cannot be had, said in one sentence."""


@dataclass(frozen=True)
class Launched:
    """Processes that torchrun has started.

    Attributes:
        here: On this machine.
        everywhere: On all machines.
    """

    here: int
    everywhere: int


class Machine(Protocol):
    """What is asked of a machine."""

    def cuda_names(self) -> list[str]:
        """The names of its CUDA devices that torch can use."""
        ...

    def cuda_bf16(self) -> bool:
        """Whether the first of them computes in bfloat16 by itself."""
        ...

    def cpu_bf16(self) -> bool:
        """Whether its processor multiplies bfloat16 faster than float32."""
        ...

    def launched(self) -> Launched | None:
        """What torchrun has started, None where this process was started by itself."""
        ...


class ThisMachine:
    """The machine that this process runs on."""

    def cuda_names(self) -> list[str]:
        """The names of its CUDA devices that torch can use."""
        return [torch.cuda.get_device_name(place) for place in range(torch.cuda.device_count())]

    def cuda_bf16(self) -> bool:
        """Whether the first of them computes in bfloat16 by itself."""
        return torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)

    def cpu_bf16(self) -> bool:
        """Whether its processor multiplies bfloat16 faster than float32."""
        able = torch.cpu.get_capabilities()
        if able.get("amx_bf16"):
            return True
        # With AVX-512 alone some processors are faster in it, others slower.
        return bool(able.get("avx512_bf16")) and _bf16_is_faster()

    def launched(self) -> Launched | None:
        """What torchrun has started, None where this process was started by itself."""
        if "TORCHELASTIC_RUN_ID" not in os.environ:
            return None
        return Launched(int(os.environ["LOCAL_WORLD_SIZE"]), int(os.environ["WORLD_SIZE"]))


@cache
def _bf16_is_faster() -> bool:
    """Whether a product of an encoder's size takes this processor less time in bfloat16.

    The least of many times counts: what else runs here makes any of them longer, none shorter.
    """
    rows, weights = torch.ones(2048, 256), torch.ones(256, 256)
    least = {}
    for dtype in (torch.float32, torch.bfloat16):
        product = partial(torch.mm, rows.to(dtype), weights.to(dtype))
        least[dtype] = min(timeit.repeat(product, number=1, repeat=30))
    return least[torch.bfloat16] < least[torch.float32]


@dataclass(frozen=True)
class Devices:
    """On what a run learns.

    Attributes:
        accelerator: Kind of device.
        count: Devices of each machine, a process each.
        machines: Number of machines.
        precision: Of the arithmetic, as Lightning names it.
    """

    accelerator: Accelerator = "cpu"
    count: int = 1
    machines: int = 1
    precision: Precision = "32-true"

    def __str__(self) -> str:
        machines = f" on each of {self.machines} machines" if self.machines > 1 else ""
        return f"{self.accelerator} × {self.count}{machines}, {self.precision}"

    @property
    def processes(self) -> int:
        """Processes in all, one a device."""
        return self.count * self.machines

    def fabric(self) -> Fabric:
        """Lightning's Fabric on these devices, not launched yet; several share gradients by DDP."""
        return Fabric(
            accelerator=self.accelerator,
            devices=self.count,
            num_nodes=self.machines,
            strategy="ddp" if self.processes > 1 else AUTO,
            precision=self.precision,
        )


def choose_devices(
    machine: Machine,
    accelerator: Accelerator | Literal["auto"] = AUTO,
    count: int | None = None,
    precision: Precision | Literal["auto"] = AUTO,
) -> Devices:
    """Decides on what a run learns.

    Args:
        machine: What there is.
        accelerator: What is asked for; "auto" is CUDA where there is any.
        count: Devices of each machine; None is one, or as many as torchrun started processes.
        precision: "auto" is bf16-mixed where the device is the faster for it, else 32-true.

    Raises:
        DeviceError: What is asked for is not there.
    """
    names = machine.cuda_names()
    if accelerator == AUTO:
        accelerator = "cuda" if names else "cpu"
    launched = machine.launched()
    if count is None:
        count = launched.here if launched else 1
    if accelerator == "cuda" and not names:
        raise DeviceError("--accelerator cuda: expected a CUDA device, torch finds none")
    if count < 1:
        raise DeviceError(f"--devices: expected at least 1, got {count}")
    if accelerator == "cuda" and count > len(names):
        raise DeviceError(f"--devices: expected at most {len(names)} (CUDA), got {count}")
    if launched and count != launched.here:
        raise DeviceError(
            f"--devices: expected {launched.here}, as many as torchrun has processes here, "
            f"got {count}"
        )
    able = machine.cuda_bf16() if accelerator == "cuda" else machine.cpu_bf16()
    if precision == AUTO:
        precision = "bf16-mixed" if able else "32-true"
    elif precision == "bf16-mixed" and accelerator == "cuda" and not able:
        raise DeviceError(
            f"--precision bf16-mixed: expected a device with bfloat16, got {names[0]}"
        )
    machines = launched.everywhere // launched.here if launched else 1
    return Devices(accelerator, count, machines, precision)
