import pytest
import torch

from dermxai.core.errors import InputError
from dermxai.models.devices import usable_device


def test_a_named_device_is_taken_else_a_gpu_where_there_is_one() -> None:
    assert usable_device("cpu") == torch.device("cpu")
    assert usable_device(None).type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("name", ["foo", "cuda:99", "cpu:x", "meta"])
def test_one_that_does_not_answer_is_a_sentence(name: str) -> None:
    with pytest.raises(InputError, match=rf"The device '{name}' cannot be used \(.*\); try cpu\."):
        usable_device(name)
