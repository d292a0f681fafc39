"""What an ONNX file takes, gives and says of itself, told from its graph before anything is run
(the extra ``onnx``)."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from dermxai.core import entries
from dermxai.core.activation import SIGMOID, SOFTMAX
from dermxai.core.entries import UnusableError, shown
from dermxai.core.errors import InputError
from dermxai.core.paths import readable
from dermxai.models.info import LAYOUTS

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto

SUFFIX = ".onnx"
MOST_BYTES = 2**31 - 1
"""Of the file and what it keeps beside it; more than a protobuf message can hold."""
MOST_TEXT = 200_000  # characters of what a file says of itself
NAMES = ("names", "classes", "labels")
"""Under which programs keep the names of classes."""
MOST_BATCH = 1024
LEAST_OF_BYTES = 32
"""A graph that divides or shifts its input by as much takes values from 0 to 255."""
TYPES = {1: "float32", 2: "uint8", 10: "float16", 11: "float64"}
"""Of the input, by ONNX's numbers."""
UINT8 = 2
BY_SHAPE = "by its shape"
UNIT, BYTES = "from 0 to 1", "from 0 to 255"
_DOMAINS = {"", "ai.onnx", "ai.onnx.ml", "com.microsoft"}
_LASTING = {"Loop", "Scan", "EPContext"}
_SHAPING = {"Identity", "Cast", "Squeeze", "Unsqueeze", "Reshape", "Flatten", "Transpose"}
_ACROSS = {"Conv", "GlobalAveragePool", "AveragePool", "MaxPool", "Reshape", "MatMul", "Gemm"}
_ARITHMETIC = {"Sub", "Add", "Mul", "Div"}
_ACTIVATIONS = {"Softmax": SOFTMAX, "Sigmoid": SIGMOID}


@dataclass(frozen=True)
class OnnxFile:
    """
    Attributes:
        content: the graph with all its tensors; a last softmax or sigmoid is left out.
        dtype: of the input, as NumPy names it.
        channels_last: whether the input is (n, h, w, 3), as TensorFlow has it.
        batch: images that it takes at once; None where it takes any number.
        size: pixels of the images; None where the graph takes any.
        activation: the one that was left out; "" where there was none.
        layout_by: how it is known that channels stand first or last.
        values: of pixels, `UNIT` or `BYTES`, where the graph itself normalises them; else "".
        beside: what the file says of itself.
        names: its own key of the names of classes; "" where it has none.
    """

    content: bytes = field(repr=False)
    input: str
    output: str
    dtype: str
    channels_last: bool
    batch: int | None
    size: int | None
    activation: str
    values: str
    beside: Mapping[str, object]
    names: str
    layout_by: str = BY_SHAPE

    @property
    def is_layout_open(self) -> bool:
        """Whether its shape does not tell the layout."""
        return self.layout_by != BY_SHAPE


def read_onnx(path: Path, layout: str | None = None) -> OnnxFile:
    """
    Args:
        layout: of its input, one of `LAYOUTS`, where the shape does not tell.

    Raises:
        InputError: the extra is absent, the file may not be read, is too large, damaged, has
            operators of its own, or does not take one image and give one row of numbers.
    """
    if not (find_spec("onnx") and find_spec("onnxruntime")):
        raise InputError(
            f'{path} is an ONNX model, which needs an extra: pip install "dermxai[onnx]".'
        )
    import onnx

    try:
        content = entries.read_bytes(readable(path), MOST_BYTES)
    except UnusableError as error:
        raise InputError(f"{path} {error}; expected an ONNX model.") from error
    try:
        model = onnx.ModelProto.FromString(content)
    except Exception as error:  # of protobuf, whose classes differ with its build
        raise InputError(
            f"{path} is no ONNX model, or a damaged one; export the network again."
        ) from error
    if not model.graph.node:
        raise InputError(f"{path} is an ONNX model without a graph; export the network again.")
    _check_operators(model, path)
    _inline_external_tensors(model, path)
    graph = model.graph
    image, dims = _input(graph, path)
    channels_last, layout_by = _layout(dims, graph, layout, path)
    size = _side(dims, channels_last, path)
    output, activation = _output(graph, path)
    del graph.output[:]
    graph.output.append(onnx.ValueInfoProto(name=output))
    try:
        whole = model.SerializeToString()
    except Exception as error:  # ValueError or of protobuf
        raise InputError(f"{path} {_TOO_LARGE}") from error
    return OnnxFile(
        whole,
        image.name,
        output,
        TYPES[image.type.tensor_type.elem_type],
        channels_last,
        dims[0],
        size,
        activation,
        BYTES if image.type.tensor_type.elem_type == UINT8 else _values(graph, image.name),
        dict(_metadata(model)),
        next((each.key for each in model.metadata_props if each.key in NAMES), ""),
        layout_by,
    )


_TOO_LARGE = f"has more than {MOST_BYTES / 2**30:.0f} GiB with what it keeps beside it."


def _graphs(graph: "GraphProto") -> "Iterator[GraphProto]":
    """A graph and those within its nodes, to the depth that protobuf allows."""
    yield graph
    yield from _within(graph.node)


def _within(nodes: "Iterable[NodeProto]") -> "Iterator[GraphProto]":
    for node in nodes:
        for attribute in node.attribute:
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else ())):
                yield from _graphs(inner)


def _nodes(model: "ModelProto") -> "Iterator[NodeProto]":
    for graph in _graphs(model.graph):
        yield from graph.node
    for function in model.functions:
        yield from function.node
        for graph in _within(function.node):
            yield from graph.node


def _tensors(model: "ModelProto") -> "Iterator[TensorProto]":
    functions = (graph for each in model.functions for graph in _within(each.node))
    for graph in (*_graphs(model.graph), *functions):
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)
    for node in _nodes(model):
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from (sparse.values, sparse.indices)


def _check_operators(model: "ModelProto", path: Path) -> None:
    """
    Raises:
        InputError: an operator is another program's, or may never end.
    """
    own = {(each.domain, each.name) for each in model.functions}
    for node in _nodes(model):
        name = f"{node.domain}.{node.op_type}".strip(".")
        if node.domain not in _DOMAINS and (node.domain, node.op_type) not in own:
            raise InputError(
                f"{path} was not opened: its operator {shown(name)} is none of ONNX's own but "
                "another program's code. Export the network with standard operators."
            )
        if node.op_type in _LASTING:
            raise InputError(
                f"{path} was not opened: it has the operator {shown(name)}, whose time nothing "
                "bounds. Export the network without loops, as classifiers of images have none."
            )


def _inline_external_tensors(model: "ModelProto", path: Path) -> None:
    """Tensors kept in files beside the model come into it, so that nothing else opens files.

    Raises:
        InputError: such a file lies elsewhere, may not be read, or is too short.
    """
    room = MOST_BYTES - model.ByteSize()
    kept: dict[str, bytes] = {}
    for tensor in _tensors(model):
        if tensor.data_location != tensor.EXTERNAL:
            continue
        said = {each.key: each.value for each in tensor.external_data}
        name = said.get("location", "")
        if not entries.is_text(name) or name in {"", ".", ".."} or Path(name).name != name:
            raise InputError(
                f"{path} was not opened: it keeps tensors in {shown(name)}; expected a file in the "
                "model's own folder, named without one."
            )
        if name not in kept:
            kept[name] = _read_beside(path, name, room)
        content = kept[name]
        try:
            start = int(said.get("offset") or 0)
            length = int(said.get("length") or len(content) - start)
        except ValueError:
            start = length = -1
        room -= max(length, 0)
        if room < 0:
            raise InputError(f"{path} {_TOO_LARGE}")
        if start < 0 or length < 0 or start + length > len(content):
            raise InputError(
                f"{path} was not opened: {shown(name)} beside it is shorter than the model says; "
                "copy both again."
            )
        tensor.raw_data = content[start : start + length]
        del tensor.external_data[:]
        tensor.data_location = tensor.DEFAULT


def _read_beside(path: Path, name: str, room: int) -> bytes:
    place = path.parent / name
    try:
        return entries.read_bytes(readable(place), max(room, 0))
    except UnusableError as error:
        raise InputError(
            f"{path} keeps tensors in {shown(name)} beside it, which {error}; copy both files "
            "into one folder."
        ) from error


def _input(graph: "GraphProto", path: Path) -> "tuple[ValueInfoProto, list[int | None]]":
    """The image among the inputs, and its dimensions.

    Raises:
        InputError: there is not just one of four dimensions, of numbers that images can be.
    """
    constants = {each.name for each in graph.initializer}
    inputs = [each for each in graph.input if each.name not in constants]
    if len(inputs) != 1:
        names = ", ".join(shown(each.name) for each in inputs[:5]) or "none"
        raise InputError(f"{path} has {len(inputs)} inputs ({names}); expected one, the image.")
    image = inputs[0]
    tensor = image.type.tensor_type
    dims = [each.dim_value if each.dim_value > 0 else None for each in tensor.shape.dim]
    if len(dims) != 4 or tensor.elem_type not in TYPES:
        raise InputError(
            f"{path} takes {shown(image.name)} of {len(dims)} dimensions and ONNX's type "
            f"{tensor.elem_type}; expected images as floating-point numbers or bytes, (n, 3, h, w) "
            "or (n, h, w, 3)."
        )
    if dims[0] is not None and dims[0] > MOST_BATCH:
        raise InputError(f"{path} takes {dims[0]:,} images at once; expected {MOST_BATCH:,}.")
    return image, dims


def _layout(
    dims: list[int | None], graph: "GraphProto", asked: str | None, path: Path
) -> tuple[bool, str]:
    """Whether channels stand last, and how this is known.

    Raises:
        InputError: it takes no colour images, or another layout was asked for than it has.
    """
    able = [last for last, size in ((False, dims[1]), (True, dims[3])) if size in (3, None)]
    fixed = [last for last, size in ((False, dims[1]), (True, dims[3])) if size == 3]
    able = fixed if len(fixed) == 1 else able
    if not able:
        raise InputError(
            f"{path} takes images of shape ({_told(dims)}); expected (n, 3, h, w) or (n, h, w, 3), "
            "of three channels."
        )
    if asked is not None and (asked == LAYOUTS[1]) not in able:
        raise InputError(
            f"{path} takes images of shape ({_told(dims)}), which is not {asked}; leave the layout "
            "out."
        )
    if len(able) == 1:
        return able[0], BY_SHAPE
    if asked is not None:
        return asked == LAYOUTS[1], "as asked for"
    return _begins_with_last(graph), "a guess, as its graph leaves all sides open; it can be named"


def _begins_with_last(graph: "GraphProto") -> bool:
    """Whether channels are moved to the front before anything is computed across places."""
    for node in graph.node:
        if node.op_type == "Transpose":
            return [list(each.ints) for each in node.attribute] == [[0, 3, 1, 2]]
        if node.op_type in _ACROSS:
            return False
    return False


def _side(dims: list[int | None], channels_last: bool, path: Path) -> int | None:
    """Pixels a side, where they are fixed.

    Raises:
        InputError: it takes no square images.
    """
    sides = {each for each in (dims[1:3] if channels_last else dims[2:]) if each is not None}
    if len(sides) > 1:
        raise InputError(f"{path} takes images of shape ({_told(dims)}); expected square ones.")
    return next(iter(sides), None)


def _told(dims: list[int | None]) -> str:
    return ", ".join("?" if each is None else str(each) for each in dims)


def _output(graph: "GraphProto", path: Path) -> tuple[str, str]:
    """What gives the logits, and the activation that followed it.

    Raises:
        InputError: there are several outputs, none of which is called logits.
    """
    names = [each.name for each in graph.output]
    if "logits" in names:
        names = ["logits"]
    if len(names) != 1:
        told = ", ".join(map(shown, names[:5])) or "none"
        raise InputError(
            f"{path} has {len(names)} outputs ({told}); expected one, or one called logits."
        )
    made_by = {name: node for node in graph.node for name in node.output if name}
    name = names[0]
    for _ in range(len(graph.node)):
        node = made_by.get(name)
        if node is None or not node.input:
            break
        if node.op_type in _ACTIVATIONS and node.domain in _DOMAINS:
            axis = next((each.i for each in node.attribute if each.name == "axis"), -1)
            if axis in (-1, 1):
                return node.input[0], _ACTIVATIONS[node.op_type]
            break
        if node.op_type not in _SHAPING:
            break
        name = node.input[0]
    return names[0], ""


def _values(graph: "GraphProto", image: str) -> str:
    """Of pixels, where the graph begins with arithmetic on them by constants."""
    from onnx import numpy_helper

    constants = {each.name: each for each in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.output:
            for each in node.attribute:
                if each.name == "value":
                    constants[node.output[0]] = each.t
    name, found = image, ""
    for _ in range(len(graph.node)):
        after = [node for node in graph.node if name in node.input]
        if len(after) != 1 or after[0].op_type not in _SHAPING | _ARITHMETIC:
            break
        node = after[0]
        if node.op_type in _ARITHMETIC:
            others = [constants[each] for each in node.input if each in constants]
            if len(others) != 1 or len(others[0].dims) > 4:
                break
            try:
                most = float(abs(numpy_helper.to_array(others[0])).max())
            except Exception:  # a tensor that is no tensor, of which the runtime says more
                break
            found = found or UNIT
            size = 1 / most if node.op_type == "Mul" and most else most
            if size >= LEAST_OF_BYTES:
                return BYTES
        name = node.output[0]
    return found


def _metadata(model: "ModelProto") -> Iterator[tuple[str, object]]:
    """Names of classes and settings that the file holds, by the keys of `embedded_metadata`."""
    for each in model.metadata_props:
        value = _plain(each.value)
        if each.key in NAMES and isinstance(value, Mapping):
            counted = all(str(key).isdigit() for key in value)
            yield ("id2label" if counted else "class_to_idx"), value
        elif each.key == "names":
            yield "classes", value
        elif each.key == "imgsz":
            yield "size", value
        else:
            yield each.key, value


def _plain(text: str) -> object:
    """A value written as JSON or as Python writes it, or names between commas; else the text."""
    if len(text) > MOST_TEXT:
        return None
    try:
        return entries.parse_json(text.encode("utf-8", "surrogatepass"))
    except (UnusableError, ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return [name.strip() for name in text.split(",")] if "," in text else text
