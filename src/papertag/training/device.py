"""The number format that the device computes in."""

import torch

from papertag.errors import UserError
from papertag.training.config import Precision


def mixed_precision(wanted: Precision) -> str:
    """Return accelerate's name of the mixed precision: no, fp16, bf16 or fp8.

    ``auto`` takes bf16 where the hardware multiplies in it (on CPUs AMX or AVX512-BF16, which about doubles
    the rate), else fp16 on a GPU, else no.

    Raises:
        UserError: the device cannot do what was asked for.
    """
    if wanted is Precision.auto:
        if torch.cuda.is_available():
            return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
        return "bf16" if _cpu_has_bf16() else "no"
    if wanted in {Precision.fp16, Precision.fp8} and not torch.cuda.is_available():
        raise UserError(f"training.mixed_precision={wanted.value} needs a GPU, and none is here: use auto, bf16 or no")
    return str(wanted.value)


def _cpu_has_bf16() -> bool:
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") or capabilities.get("bf16"))
