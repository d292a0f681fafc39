"""Small ONNX files, as other programs export them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

K = 3


def weights(n_outputs: int = K) -> np.ndarray:
    """Of the linear layer (3, n_outputs), on the average of each channel."""
    return np.random.default_rng(0).normal(size=(3, n_outputs)).astype(np.float32) * 3


def write(
    path: Path,
    *,
    n_outputs: int = K,
    channels_last: bool = False,
    shape: Sequence[int | str] | None = None,
    before: Sequence[tuple[str, float]] = (),
    last: str = "",
    dtype: int = TensorProto.FLOAT,
    metadata: dict[str, str] | None = None,
    external: str | None = None,
    nodes: Sequence[Any] = (),
    domains: Sequence[str] = (),
) -> Path:
    """A network of average pooling and a linear layer.

    Args:
        before: arithmetic on the pixels: operator and constant.
        last: the operator of its output.
        external: the file in which the weight is kept.
    """
    number = helper.np_dtype_to_tensor_dtype
    kind = helper.tensor_dtype_to_np_dtype(dtype)
    assert number(kind) == dtype
    constants = [numpy_helper.from_array(weights(n_outputs).astype(kind), "weight")]
    name, chain = "image", list(nodes)
    for index, (operator, value) in enumerate(before):
        constants.append(numpy_helper.from_array(np.array(value, kind), f"constant{index}"))
        chain.append(helper.make_node(operator, [name, f"constant{index}"], [f"scaled{index}"]))
        name = f"scaled{index}"
    if channels_last:
        chain.append(helper.make_node("Transpose", [name], ["first"], perm=[0, 3, 1, 2]))
        name = "first"
    chain += [
        helper.make_node("GlobalAveragePool", [name], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weight"], ["scores"]),
    ]
    if last:
        chain += [helper.make_node(last, ["scores"], ["shares"]),
                  helper.make_node("Identity", ["shares"], ["output"])]  # fmt: skip
    usual = ("n", "h", "w", 3) if channels_last else ("n", 3, "h", "w")
    graph = helper.make_graph(
        chain,
        "network",
        [helper.make_tensor_value_info("image", dtype, list(shape or usual))],
        [helper.make_tensor_value_info("output" if last else "scores", dtype, None)],
        constants,
    )
    opsets = [helper.make_opsetid("", 17), *(helper.make_opsetid(each, 1) for each in domains)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name="pytorch")
    helper.set_model_props(model, metadata or {})
    if external:
        (tensor,) = [each for each in model.graph.initializer if each.name == "weight"]
        if "/" not in external:
            (path.parent / external).write_bytes(b"\0" * 8 + tensor.raw_data)
        length = len(tensor.raw_data)
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", external), ("offset", "8"), ("length", str(length))):
            tensor.external_data.add(key=key, value=value)
    onnx.save_model(model, path) if not external else path.write_bytes(model.SerializeToString())
    return path
