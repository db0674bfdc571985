"""Random tensors, and how tests compare tensors."""

import torch

from helpers.checks import Shape


def random(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """Return normally distributed numbers, drawn in float64."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)


def close(actual, expected, atol: float = 1e-10, rtol: float = 0.0) -> None:
    """Assert that tensors agree in shape, dtype and, within the tolerances, values."""
    torch.testing.assert_close(actual, expected, atol=atol, rtol=rtol)


def arguments(
    case: Shape, seed: int = 0, dtype: torch.dtype = torch.float64, requires_grad: bool = True
) -> list[torch.Tensor]:
    """Return the input, weight and bias of a convolution."""
    sizes = (
        (case.batch, case.in_channels, *case.size),
        (case.out_channels, case.in_channels, *case.kernel_size),
        (case.out_channels,),
    )
    return [
        random(*size, seed=seed + i, dtype=dtype).requires_grad_(requires_grad)
        for i, size in enumerate(sizes)
    ]
