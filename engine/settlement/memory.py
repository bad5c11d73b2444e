"""What kernels may ask of the memory itself."""

from typing import Any

from numpy.typing import NDArray


def prefetch(array: NDArray[Any], at: int) -> None:
    """Ask the memory for element or row `at` of an array; nothing but time depends on it."""
