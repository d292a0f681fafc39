"""What a network computes, seen at torch's own operators: what is written as a function is no
module, and would be missed among these."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from torch import Tensor
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode


class Call(NamedTuple):
    """
    Attributes:
        name: of the operator, "mul" also where it works in place.
        maps: how many of its first two arguments are (n, channels, h, w).
    """

    name: str
    maps: int


class OperatorTrace(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Within it, what is computed is noted in ``calls``; outside of inference mode, which takes no
    operator apart."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: list[Call] = []

    def __torch_dispatch__(
        self,
        func: OpOverload,
        types: Sequence[type],
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        maps = sum(isinstance(value, Tensor) and value.ndim == 4 for value in args[:2])
        self.calls.append(Call(func._schema.name.partition("::")[2].rstrip("_"), maps))
        return func(*args, **(kwargs or {}))
