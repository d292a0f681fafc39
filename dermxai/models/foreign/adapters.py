"""Low-rank updates of weights (LoRA, Hu et al. 2022, arXiv:2106.09685) that were not merged."""

import re
from collections.abc import Iterable
from pathlib import Path

from dermxai.core.entries import shown
from dermxai.core.errors import InputError

MERGE = "merge them (peft: model.merge_and_unload()) and save the state dict of that"
_OF_ADAPTERS = re.compile(
    r"(?:^|[._])(?:lora_(?:A|B|down|up|embedding_[AB])|hada_w\d|lokr_w\d|ia3_l)(?:[._]|$)"
)


def check_merged(names: Iterable[str], path: Path) -> None:
    """
    Raises:
        InputError: tensors are updates, whose scale no tensor tells.
    """
    first = next((name for name in names if _OF_ADAPTERS.search(name)), None)
    if first is not None:
        raise InputError(
            f"{path} holds low-rank updates ({shown(first)} …), which are not part of its weights "
            f"yet; {MERGE}."
        )
