"""An ONNX file as a network of logits only, computed by onnxruntime on the CPU."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Timer
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dermxai.core.activation import SIGMOID, SOFTMAX
from dermxai.core.errors import InputError
from dermxai.core.formatting import shortened
from dermxai.data.transforms import IMAGENET_MEAN, IMAGENET_STD, LARGEST, Preprocessing
from dermxai.models.backbone import FINAL
from dermxai.models.capabilities import BLACK_BOX, Capabilities
from dermxai.models.foreign import named_classes
from dermxai.models.foreign.metadata import Metadata, embedded_metadata
from dermxai.models.info import LAYOUTS, MOST_CLASSES, ONNX, Head, ModelInfo
from dermxai.models.multi_head import Output
from dermxai.models.onnx_file import BYTES, SUFFIX, UNIT, OnnxFile, read_onnx

SIZE = 224  # pixels, where neither the graph nor anybody says more
LONGEST_TRIAL = 120.0  # seconds of a forward pass of two images
TINY = 1e-12  # the least probability
_SCALES: Mapping[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "": (IMAGENET_MEAN, IMAGENET_STD),
    UNIT: ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    BYTES: ((0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255)),
}


class Session:
    """onnxruntime's session of a file; copies of a network share it, as it has no state.

    Attributes:
        nbytes: of the graph with its tensors.
        one_by_one: whether no image shares a pass with another, since it would change its output:
            graphs quantised by the range of a whole batch are such.
    """

    def __init__(self, file: OnnxFile, path: Path) -> None:
        """
        Raises:
            InputError: onnxruntime cannot compute such a graph.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # errors are raised, too
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.file, self.path, self.nbytes = replace(file, content=b""), path, len(file.content)
        self.one_by_one = False
        try:
            self._session = onnxruntime.InferenceSession(
                file.content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime has a class of its own for each reason
            raise self._fault("cannot be computed by onnxruntime", error) from error

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __call__(self, images: Tensor, most_seconds: float | None = None) -> Tensor:
        """What the graph gives (n, outputs), float32, of images (n, 3, size, size).

        Raises:
            InputError: it cannot take them, takes too long, or does not give a row for each.
        """
        file = self.file
        given = images.detach().float().cpu().numpy()
        if file.dtype == "uint8":
            given = np.clip(np.rint(given), 0, 255)
        given = given.astype(file.dtype)
        if file.channels_last:
            given = given.transpose(0, 2, 3, 1)
        at_once = 1 if self.one_by_one else file.batch or len(given) or 1
        rows = [self._rows(given[at : at + at_once], file.batch or 0, most_seconds)
                for at in range(0, len(given), at_once)]  # fmt: skip
        return torch.from_numpy(np.concatenate(rows)).to(images.device)

    def _rows(
        self, some: NDArray[np.floating], batch: int, most_seconds: float | None
    ) -> NDArray[np.float32]:
        import onnxruntime

        count = len(some)
        if batch > count:  # the last of a fixed number at once
            some = np.concatenate([some, np.repeat(some[-1:], batch - count, 0)])
        how = onnxruntime.RunOptions()
        alarm = Timer(most_seconds or 0, lambda: setattr(how, "terminate", True))
        alarm.daemon = True
        if most_seconds:
            alarm.start()
        try:
            (found,) = self._session.run(
                [self.file.output], {self.file.input: np.ascontiguousarray(some)}, how
            )
        except Exception as error:  # as above
            raise self._fault(f"cannot take images of {some.shape}", error) from error
        finally:
            alarm.cancel()
        found = np.asarray(found)
        if found.ndim < 2 or found.size != len(some) * max(found.shape[1:]) or not found.size:
            raise InputError(
                f"{self.path} gives an output of shape {found.shape} for {len(some)} images; "
                "expected (n, classes)."
            )
        return found.reshape(len(some), -1)[:count].astype(np.float32)

    def _fault(self, what: str, error: Exception) -> InputError:
        why = shortened(str(error), 200).rstrip(".")
        return InputError(f"{self.path} {what} ({why}); check how the network was exported.")


class OnnxNetwork(nn.Module):
    """Logits of an ONNX file with one head, whose inputs are the logits themselves."""

    def __init__(self, session: Session, n_classes: int, probabilities: str = "") -> None:
        """
        Args:
            n_classes: two where the file gives one number, the logit of the second.
            probabilities: the activation where the file gives probabilities, whose inverse their
                scores are; "" where it gives logits.
        """
        super().__init__()
        self.architecture = ONNX
        self.session, self.probabilities = session, probabilities
        self.capabilities: Capabilities = replace(BLACK_BOX, fixed_size=True)
        self.head_descriptions = (Head(FINAL, n_classes),)
        self.backbone = nn.Identity()
        head = nn.Linear(n_classes, n_classes)
        head.weight = nn.Parameter(torch.eye(n_classes))
        head.bias = nn.Parameter(torch.zeros(n_classes))
        self.heads = nn.ModuleList([head])

    def forward(self, images: Tensor, maps: bool = False) -> Output:  # noqa: ARG002
        """``images`` (n, 3, size, size), normalised; there are no maps."""
        logits = self.session(images)
        if self.probabilities == SOFTMAX:
            logits = logits.clamp_min(TINY).log()
        elif self.probabilities == SIGMOID:
            logits = logits.logit(TINY)
        if logits.shape[1] == 1:
            logits = torch.cat([-logits / 2, logits / 2], dim=1)
        return Output(logits[:, None], logits, ())

    def constant(self) -> None:
        """Of a layer normalisation before the head, as `MultiHeadNetwork` has it: none."""


@dataclass(frozen=True)
class OnnxModel:
    """
    Attributes:
        hash: identity of graph, tensors and description.
    """

    network: OnnxNetwork
    info: ModelInfo
    hash: str


def load_onnx(path: Path, asked: Metadata) -> OnnxModel:
    """A network of an ONNX file, and what it is; what is asked for counts first, then what the file
    says of itself. `ModelInfo.origin` says how each came to be known.

    Raises:
        InputError: as `read_onnx`; the graph cannot be computed, or is not as was said.
    """
    if asked.architecture not in (None, ONNX) and "architecture" not in asked.sources:
        raise InputError(
            f"{path} is an ONNX model, which holds its own architecture; {asked.architecture} was "
            "named. Leave the architecture out."
        )
    file = read_onnx(path, asked.layout)
    within = embedded_metadata(file.beside, "in the file")
    if file.names and "classes" in within.sources:  # its keys are those that we gave it
        within = replace(within, sources={**within.sources, "classes": f"{file.names} in the file"})
    metadata = asked.or_else(within)
    preprocessing, told = _preprocessing(file, metadata, path)
    session = Session(file, path)
    first = _trial_output(session, preprocessing)
    n_outputs = first.shape[1]
    if n_outputs > MOST_CLASSES or (n_outputs == 1 and file.activation == SOFTMAX):
        raise InputError(
            f"{path} gives {n_outputs:,} output{'s' * (n_outputs > 1)}"
            f"{' by a softmax, which is always 1' * (n_outputs == 1)}; expected from 2 to "
            f"{MOST_CLASSES:,} classes, or one output by a sigmoid."
        )
    are_shares = not file.activation and n_outputs > 1 and _are_shares(first)
    activation, outputs = _activation(file, metadata, n_outputs, are_shares, path)
    if session.one_by_one:
        outputs += "; images are computed one by one, since they change each other's in a batch"
    classes, by = named_classes(metadata, max(n_outputs, 2), n_outputs, path)
    info = ModelInfo(
        architecture=ONNX,
        heads=(Head(FINAL, len(classes)),),
        classes=classes,
        preprocessing=preprocessing,
        name=path.stem,
        activation=activation,
        origin={
            "architecture": "an ONNX graph, computed by onnxruntime: logits only",
            "input": told,
            "outputs": outputs,
            "classes": by,
            **({"not used": "; ".join(metadata.notes)} if metadata.notes else {}),
        },
    )
    network = OnnxNetwork(session, len(classes), activation if are_shares else "")
    told_apart = repr((classes, preprocessing, activation, network.probabilities))
    if file.is_layout_open:
        told_apart += LAYOUTS[file.channels_last]
    digest = hashlib.blake2b(file.content, digest_size=16)
    digest.update(told_apart.encode())
    return OnnxModel(network, info, digest.hexdigest())


def _preprocessing(file: OnnxFile, metadata: Metadata, path: Path) -> tuple[Preprocessing, str]:
    """
    Raises:
        InputError: another size was asked for than the graph takes.
    """
    size, told = metadata.size, metadata.sources.get("size", "as asked for")
    if file.size is not None:
        if size not in (None, file.size):
            raise InputError(
                f"{path} takes images of {file.size} × {file.size} pixels; {size} were "
                f"{told}. Leave the size out, or export the network for it."
            )
        size, told = file.size, "by its graph"
    if size is None:
        size, told = SIZE, "a guess, as its graph takes any; a size can be named"
    if size > LARGEST:
        raise InputError(f"{path} takes images of {size:,} pixels; expected at most {LARGEST:,}.")
    values = file.values or (UNIT if file.channels_last else "")
    mean, std = _SCALES[values]
    by = f"its graph normalises values {values}" if file.values else (
        f"a guess ({f'values {values}' if values else 'ImageNet'}); both can be named"
    )  # fmt: skip
    if metadata.mean is not None or metadata.std is not None:
        mean, std = metadata.mean or mean, metadata.std or std
        by = metadata.sources.get("mean") or metadata.sources.get("std") or "as asked for"
    order = "(n, h, w, 3)" if file.channels_last else "(n, 3, h, w)"
    if file.is_layout_open:
        order = f"{order}: {file.layout_by}"
    return Preprocessing(size, mean, std), f"{order}; side: {told}; mean and std: {by}"


def _trial_output(session: Session, preprocessing: Preprocessing) -> Tensor:
    """What it gives of noise and of a black image, and whether the one changes the other's.

    Raises:
        InputError: it gives another output of the same image each time.
    """
    noise = np.random.default_rng(0).integers(
        0, 256, (2, preprocessing.size, preprocessing.size, 3)
    )
    noise[1] = 0
    images = torch.from_numpy(
        np.stack([preprocessing.normalise(each.astype(np.uint8)) for each in noise])
    )
    together = session(images, LONGEST_TRIAL)
    if session.file.batch == 1:
        return together
    session.one_by_one = True
    alone = session(images, LONGEST_TRIAL)
    if _are_alike(alone, together, session.file.dtype):
        session.one_by_one = False
        return together
    if not _are_alike(alone, session(images, LONGEST_TRIAL), session.file.dtype):
        raise InputError(
            f"{session.path} gives another output of the same image each time; export the network "
            "in evaluation mode (model.eval() in PyTorch)."
        )
    return alone


def _are_alike(some: Tensor, others: Tensor, dtype: str) -> bool:
    """Whether outputs differ by rounding only."""
    tolerance = (1e-2 if dtype == "float16" else 1e-4) * max(1.0, float(some.abs().max()))
    return torch.allclose(some, others, rtol=0, atol=tolerance, equal_nan=True)


def _are_shares(rows: Tensor) -> bool:
    """Whether they are probabilities of one class of all."""
    sums = rows.sum(1)
    inside = bool(((rows >= 0) & (rows <= 1)).all())
    return inside and torch.allclose(sums, torch.ones_like(sums), atol=1e-3)


def _activation(
    file: OnnxFile, metadata: Metadata, n_outputs: int, are_shares: bool, path: Path
) -> tuple[str, str]:
    """What makes probabilities of its scores, and how this came to be known.

    Raises:
        InputError: another was asked for than the graph has.
    """
    own = SOFTMAX if are_shares else file.activation
    if n_outputs == 1:
        return SOFTMAX, "one output: the logit of the second class, by a sigmoid"
    if metadata.activation not in (None, own) and own:
        raise InputError(
            f"{path} ends in a {own}; {metadata.activation} was "
            f"{metadata.sources.get('activation', 'asked for')}. Leave the activation out."
        )
    if are_shares:
        return SOFTMAX, "probabilities, seen at two images; scores are their logarithms"
    if file.activation:
        return own, f"logits before the {own} at its end"
    return metadata.activation or SOFTMAX, metadata.sources.get("activation", "logits")


def is_onnx(path: Path) -> bool:
    """By its name."""
    return path.suffix.lower() == SUFFIX
