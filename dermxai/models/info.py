"""What a checkpoint says of itself (model.json), readable without torch."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dermxai.data.transforms import Preprocessing
from dermxai.errors import InputError
from dermxai.paths import (
    EMBEDDED_CHECKPOINTS,
    CheckpointFiles,
    checkpoints,
    is_readable,
    readable,
)

FORMAT = 1


@dataclass(frozen=True)
class Head:
    """Global average pooling → Linear over ``channels`` inputs."""

    name: str
    channels: int


@dataclass(frozen=True)
class ModelInfo:
    """The content of model.json.

    Attributes:
        architecture: timm name of the backbone.
        heads: in the order of the network; the last is the final head.
        classes: class codes, in the order of the logits.
        recipe, metrics, data: how it was trained, what it reached, what it saw; free of form.
    """

    architecture: str
    heads: tuple[Head, ...]
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    name: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        texts = (self.architecture, self.name, *self.classes, *(head.name for head in self.heads))
        if not all(isinstance(text, str) for text in texts):
            raise InputError(
                f"The description of {self.architecture!r} has a name that is no text; expected "
                "text for the architecture, the classes, the heads and the checkpoint itself."
            )
        if not all(code.strip() for code in self.classes):
            raise InputError(
                f"The classes {', '.join(map(repr, self.classes))} came, of which one has no name; "
                "expected a name for each output."
            )
        if not self.heads or not self.classes:
            raise InputError(
                f"The description of {self.architecture} has {len(self.heads)} heads and "
                f"{len(self.classes)} classes; at least one of each is needed."
            )
        if len(set(self.classes)) < len(self.classes):
            raise InputError(f"The checkpoint names a class twice: {', '.join(self.classes)}.")

    @property
    def auxiliary(self) -> bool:
        """Whether heads beside the final one vote."""
        return len(self.heads) > 1

    @property
    def training(self) -> str:
        """Tells the training that made it from others; the same for all states of one training."""
        told = json.dumps([self.recipe, self.data], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def to_json(self) -> str:
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str, source: str) -> "ModelInfo":
        """
        Raises:
            InputError: the text is not a description, or one of a newer format.
        """
        try:
            content = json.loads(text)
            version = content.pop("format")
            if version != FORMAT:
                raise InputError(
                    f"{source} has format {version}, this DermXAI reads format {FORMAT}; "
                    "update DermXAI."
                )
            classes = content.pop("classes")
            if not isinstance(classes, list):
                raise TypeError(f"classes is {classes!r}, no list")
            preprocessing: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value
                for key, value in content.pop("preprocessing").items()
            }
            return cls(
                heads=tuple(Head(**head) for head in content.pop("heads")),
                classes=tuple(classes),
                preprocessing=Preprocessing(**preprocessing),
                **content,
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"{source} is not the description of a checkpoint ({error}); expected the "
                "model.json that `dermxai train` writes."
            ) from error


def read_info(folder: str | Path) -> ModelInfo:
    """The description in a checkpoint folder.

    Raises:
        InputError: no checkpoint folder, or a description that cannot or may not be read.
    """
    files = CheckpointFiles(Path(folder))
    place = readable(files.model)
    if not place.is_file():
        raise InputError(
            f"{folder} is not a checkpoint folder: it has no {files.model.name}; expected "
            f"{files.weights.name} and {files.model.name} in it."
        )
    try:
        text = place.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"{files.model} cannot be read ({error}); expected UTF-8.") from error
    return ModelInfo.from_json(text, str(files.model))


def list_checkpoints() -> list[Path]:
    """Checkpoint folders in the workspace and those embedded in the project, by name."""
    found = [
        model.parent
        for parent in (EMBEDDED_CHECKPOINTS, checkpoints())
        if parent.is_dir()
        for model in parent.glob(f"*/{CheckpointFiles(parent).model.name}")
        if is_readable(model)
    ]
    return sorted(found, key=lambda folder: folder.name)
