"""The families of networks that people in dermatology train, with random weights: each opens, gives
logits and features, is split among places where its end allows it, explained by four methods or
more, and takes a step of training. A third of them in turn, all of them in ``.ci/nightly``."""

import datetime
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from dermxai.data import Dataset, load_dataset
from dermxai.data.transforms import Preprocessing
from dermxai.explain.attribution.api import explain, methods
from dermxai.models import Classifier, ModelInfo, load_classifier, save_checkpoint
from dermxai.models.multi_head import MultiHeadNetwork
from dermxai.projection import project
from dermxai.runs import infer
from dermxai.training.files import TrainingFiles
from dermxai.training.fit import fit
from dermxai.training.recipe import Recipe

FAMILIES = (
    "efficientnet_b0",
    "efficientnet_b4",
    "tf_efficientnet_lite0",
    "tf_efficientnetv2_s",
    "mobilenetv3_large_100",
    "mobilenetv2_100",
    "resnet50",
    "resnext50_32x4d",
    "seresnet50",
    "densenet121",
    "inception_v3",
    "inception_resnet_v2",
    "vgg16",
    "vgg16_bn",
    "convnext_tiny",
    "convnextv2_tiny",
    "swin_tiny_patch4_window7_224",
    "swinv2_tiny_window8_256",
    "vit_small_patch16_224",
    "vit_base_patch16_224",
    "deit3_small_patch16_224",
    "vit_small_patch14_dinov2",
    "eva02_small_patch14_224",
    "beit_base_patch16_224",
    "maxvit_tiny_tf_224",
    "coatnet_0_rw_224",
    "regnety_008",
    "xception41",
    "mobilevit_s",
    "efficientformer_l1",
    "nfnet_f0",
    "fastvit_t8",
    "vit_base_patch16_siglip_224",
    "hrnet_w18",
    "senet154",
    "res2net50_26w_4s",
    "resnest50d",
    "ghostnet_100",
    "mnasnet_100",
    "efficientvit_b0",
    "pvt_v2_b0",
    "poolformer_s12",
    "caformer_s18",
    "tiny_vit_5m_224",
    "mixer_s32_224",
    "dla34",
    "vovnet39a",
    "repvgg_a0",
    "hgnet_tiny",
)
SIDES = {
    "inception_v3": 112,
    "inception_resnet_v2": 112,
    "vit_small_patch14_dinov2": 56,
    "eva02_small_patch14_224": 56,
    "efficientformer_l1": 224,
}
SIDE = 64  # pixels, of the others
HEAVY = {"vgg16_bn", "vit_base_patch16_224"}  # as others here but for their size
ALL = bool(os.environ.get("DERMXAI_NIGHTLY"))
TURN = datetime.datetime.now(datetime.UTC).timetuple().tm_yday % 3
CLASSES = ("MN", "MEL", "BCC")


def in_turn() -> list[str]:
    """All, or the third of today, in which no two of a kind come together."""
    some = [name for index, name in enumerate(FAMILIES) if index % 3 == TURN and name not in HEAVY]
    return list(FAMILIES) if ALL else some


def opened(architecture: str, auxiliary: bool = False) -> Classifier:
    """With random weights, as they would come from a checkpoint."""
    side = SIDES.get(architecture, SIDE)
    torch.manual_seed(0)
    network = MultiHeadNetwork(architecture, len(CLASSES), auxiliary, size=side)
    heads, preprocessing = network.head_descriptions, Preprocessing(side)
    info = ModelInfo(architecture, heads, CLASSES, preprocessing, name=architecture)
    return Classifier(network, info, f"random {architecture}", Path(architecture))


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Eight images to train on, one batch, and four to validate with."""
    folder, rng = tmp_path_factory.mktemp("squares"), np.random.default_rng(0)
    for index in range(12):
        file = folder / ("train" if index < 8 else "val") / CLASSES[index % 3] / f"{index}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (70, 70, 3), dtype=np.uint8)).save(file)
    return load_dataset(folder)


@pytest.mark.parametrize("architecture", in_turn())
def test_a_family_opens_is_explained_and_learns(
    architecture: str, squares: Dataset, tmp_path: Path
):
    classifier = opened(architecture)
    network, known = classifier.network, classifier.capabilities
    side = classifier.info.preprocessing.size
    images = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():  # a random end would give logits of any size
        output = classifier.infer(images)
        network.heads[0].weight.div_(max(1.0, float(output.logits.abs().max())))
    output = classifier.infer(images, maps=True)
    assert output.logits.shape == (2, 1, len(CLASSES))
    assert output.pooled.shape == (2, known.features)
    assert torch.isfinite(output.logits).all()

    weight, bias = classifier.head_weights(-1)
    if known.decomposition:
        seen = torch.einsum("kc,nchw->nk", weight, output.maps[-1]) / output.maps[-1][0, 0].numel()
        gap = (seen + bias - output.logits[:, 0]).abs().max()
        assert gap <= 1e-5 * max(1.0, float(output.logits.abs().max()))
    else:
        assert known.no_decomposition.endswith(".")

    reasons = {name: method.excuse(classifier) for name, method in methods().items()}
    valid = [name for name, reason in reasons.items() if reason is None]
    assert ("vote_map" in valid) == ("grad_cam" in valid) == bool(known.decomposition)
    assert all(reason.endswith(".") for reason in reasons.values() if reason)
    cheap = [n for n in valid if methods()[n].passes(classifier, methods()[n].settings()) <= 3]
    assert len(cheap) >= 4, reasons
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    for name in cheap if ALL else cheap[:4]:
        made = explain(classifier, image, name, "MN", "BCC")
        assert made.map.shape == (40, 60), name
        assert np.ptp(made.map) > 0, name

    recipe = Recipe(
        architecture=architecture,
        auxiliary=False,
        size=side,
        start_size=side,
        epochs=1,
        batch_size=8,
    )
    trained = fit(squares, recipe, tmp_path / "trained", device="cpu")  # of one step
    losses = pd.read_csv(TrainingFiles(trained).history)["loss"]
    assert len(losses) == 1 and np.isfinite(losses[0])
    output = load_classifier(trained).infer(images)
    assert output.logits.shape == (2, 1, len(CLASSES)) and torch.isfinite(output.logits).all()


@pytest.mark.skipif(not ALL, reason="in .ci/nightly")
@pytest.mark.parametrize("architecture", FAMILIES)
def test_a_checkpoint_on_disk_gives_a_run_and_its_feature_map(architecture: str, tmp_path: Path):
    made = opened(architecture)
    folder = save_checkpoint(tmp_path / "checkpoint", made.network, made.info, "# random")
    rng = np.random.default_rng(0)
    for index in range(6):
        file = tmp_path / "six" / CLASSES[index % 3] / f"{index}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (50, 70, 3), dtype=np.uint8)).save(file)
    run = infer(load_classifier(folder), load_dataset(tmp_path / "six"))
    assert run.scores.shape == (6, 3) and np.isfinite(run.scores).all()
    assert len(project(run, "pca").coordinates) == 6
