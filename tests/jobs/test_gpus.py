"""Which GPUs jobs may use."""

import pytest

from dermxai.jobs.gpus import gpus


def test_a_gpu_that_is_named_twice_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DERMXAI_GPUS", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-b, GPU-a,GPU-b")
    assert gpus() == ["GPU-b", "GPU-a"]
