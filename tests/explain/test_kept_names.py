"""Kept maps, scores and coordinates are found again under the names that they were kept under when
methods and measures were modules."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from dermxai.explain.attribution import store
from dermxai.explain.attribution.api import methods
from dermxai.explain.attribution.method import Target
from dermxai.explain.faithfulness.measure import control_maps, find_candidate, measures
from dermxai.explain.faithfulness.results import EvaluationRequest
from dermxai.explain.faithfulness.scores import ImageEvaluation
from dermxai.projection import projector
from dermxai.runs import feature_spaces

MAPS = {
    "deconvolution": "751f8ef752c3a638132aa2fc410983f2",
    "deep_lift": "c8e0047dcefdf4a191eed23a4d05a6a9",
    "eigen_grad_cam": "105300485e4734b594558080a87104e4",
    "feature_ablation": "6b14b410ef2fd0eada90ffae98716c79",
    "grad_cam": "1d4a9a19ae75ea3b76732bed22a10266",
    "grad_cam_plus_plus": "d11ff71328107eda6eb09dcf61fb599f",
    "gradient_shap": "d0c4a5ac4c48d3b394678b2ea1f0dd52",
    "guided_backprop": "cdc541715eff34a4d32f0e84cfd9e1db",
    "hires_cam": "dd2fe4a4f6bda0add08d4006d9a57036",
    "input_x_gradient": "16f05e4bdb28f9a36d9d09c02f9130ce",
    "integrated_gradients": "d94678db2586a282c2f3d6c931385d0f",
    "kernel_shap": "e9e0a2b3148d2b6c0135f5908f2da3ac",
    "layer_cam": "b6c4e22a7ecd8bc0b6d9b97d86942b1c",
    "lime": "b69e88c9b850bd04a2db91bf12e7598b",
    "occlusion": "173fc79e4a93aed2a82595a495d0190c",
    "saliency": "3a017f0faf83e050912fe774bf0e2964",
    "score_cam": "946c19712192d8676483d285ecb9c4ab",
    "smooth_grad": "6943453d2c1956569dacfc0a2e4fca78",
    "stage_grad_cam": "a5320d360f00649a85be7c58efd1c23e",
    "vote_map": "32f1e1ec73f793658e943ce52595aa08",
    "centred_gaussian": "e168ff0ed3b6419d77e6def4caf46064",
    "smooth_noise": "80e0c00bd50a4a405b2853fd29fbd93f",
}
"""In the order of the methods, control maps last."""
SCORES = {
    "deletion_blur": "53f3215677903307fba0078f",
    "deletion_inpainting": "242c8d131a81b003862240b6",
    "infidelity": "7eba544824fb555480e24314",
    "insertion_blur": "b13f00546239e95f6db6dc1c",
    "insertion_inpainting": "2948fdc163b331d8d2c5440f",
    "mass_evidence": "365e4a298202c79ef8d8d9c9",
    "mass_lesion": "5c97358ca365a3d9c90b94cf",
    "max_sensitivity": "91812c6cf2dfc87c3af1fc17",
    "pointing_evidence": "02b2d99c0d060b3294821837",
    "pointing_lesion": "5211cf7b53f03ea09bae2415",
    "randomisation": "540236b590110878fe14a617",
    "repeatability": "985417df214df94c0c9e32d0",
    "road": "b7691a0ba06ba090081af66d",
}
"""In the order of the measures, which names a study that asks for all of them."""
COORDINATES = {
    "pca": "pca-e7a297c44d45",
    "tsne": "tsne-61ce4a999e02",
    "umap": "umap-7cdca003e3f1",
}


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    coarse = np.random.default_rng(0).uniform(40, 220, (7, 9, 3)).astype(np.float32)
    fine = cv2.resize(coarse, (83, 61), interpolation=cv2.INTER_CUBIC)
    return fine.clip(0, 255).astype(np.uint8)


def test_maps(image: np.ndarray) -> None:
    known = {**methods(), **control_maps()}
    target = Target(5, 7)
    found = {
        name: store.key("abc", image, name, target, each.settings(), version=each.version)
        for name, each in known.items()
    }
    kept = {name: key for name, key in found.items() if name in MAPS}
    assert kept == MAPS and list(kept) == list(MAPS)


def test_scores() -> None:
    of = SimpleNamespace(
        classifier=SimpleNamespace(hash="abc"),
        _file=lambda column: column,
        _codes=("EAD", "SD"),
        asked=EvaluationRequest(),
        seed=3,
    )
    settings = find_candidate("occlusion").settings()
    found = {name: ImageEvaluation._key(of, "occlusion", settings, name) for name in measures()}
    assert found == SCORES and list(found) == list(SCORES)


def test_coordinates() -> None:
    found = {
        name: projector._name(each, each.settings(), None, feature_spaces.NETWORK)
        for name, each in projector.methods().items()
    }
    assert found == COORDINATES
