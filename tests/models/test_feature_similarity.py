from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.preprocessing import StandardScaler

from dermxai.models.feature_similarity import ALIKE, FEWEST, Space, TrainingFeatures, nearest
from dermxai.models.files import CheckpointFiles
from dermxai.report.leakage import describe_leakage
from dermxai.runs import open_run
from tests.generated import generated_run, trained
from tests.verification import verified

CHANNELS = 256


def features(count: int, seed: int = 0) -> np.ndarray:
    """Images of a few kinds, whose channels are correlated and of very different sizes."""
    rng = np.random.default_rng(seed)
    mixed = np.random.default_rng(99).standard_normal((CHANNELS, CHANNELS))
    return (rng.standard_normal((count, CHANNELS)) @ mixed) * np.geomspace(0.01, 100, CHANNELS)


def test_whitened_features_are_uncorrelated_whatever_their_size() -> None:
    pooled = features(900)
    space = Space.fitted([pooled[:500], pooled[500:]])
    rows = (pooled.astype(np.float32) - space.mean) @ space.basis
    spread = np.cov(rows.T)
    np.testing.assert_allclose(spread / spread[0, 0], np.eye(128), atol=0.05)
    np.testing.assert_allclose(np.linalg.norm(space.of(pooled), axis=1), 1, rtol=1e-5)


def test_a_slightly_changed_image_is_the_nearest_and_others_are_not_alike() -> None:
    pooled = features(600)
    space = Space.fitted([pooled])
    copies = pooled[:40] + 0.2 * features(40, seed=1)
    match, cosine = nearest(space.of(copies), space.of(pooled))
    assert match.tolist() == list(range(40)) and cosine.min() > ALIKE
    _, others = nearest(space.of(copies), space.of(pooled[40:]))
    assert others.max() < ALIKE


def test_cosines_are_those_of_whitened_components() -> None:
    pooled = features(400)
    space = Space.fitted([pooled])
    _, cosine = nearest(space.of(pooled[:40]), space.of(pooled[40:]))
    scaled = StandardScaler().fit_transform(pooled)
    rows = PCA(space.basis.shape[1], whiten=True, svd_solver="full").fit_transform(scaled)
    verified(
        "Near-duplicates: cosine of features",
        "scikit-learn PCA, whitened, and cosine_similarity; ours finds components at random",
        cosine,
        cosine_similarity(rows[:40], rows[40:]).max(axis=1),
        tolerance=0.05,
    )


def test_too_few_or_equal_images_have_no_space() -> None:
    assert Space.fitted([features(FEWEST - 1)]) is None
    assert Space.fitted([np.ones((500, CHANNELS))]) is None
    assert Space.fitted([features(500)[:, :8]]) is None
    match, cosine = nearest(np.ones((2, 3), np.float32), np.empty((0, 3), np.float32))
    assert match.tolist() == [0, 0] and cosine.tolist() == [-1, -1]


def test_features_kept_with_a_checkpoint_tell_near_duplicates_in_another_dataset(
    tmp_path: Path,
) -> None:
    run = generated_run(tmp_path / "run", images=60, heads={"final": CHANNELS})
    split = run.samples["split"][:0]
    learnt = features(400)
    pooled = features(60, seed=2)
    pooled[5:9] = learnt[100:104] + 0.1 * features(4, seed=3)
    np.save(run.root / "pooled.npy", pooled.astype(np.float32))
    known = trained(open_run(run.root), split, fingerprint="another", name="clinic A")
    files = CheckpointFiles(Path(run.manifest["checkpoint"]["path"]))
    space = Space.fitted([learnt])
    images = np.array([f"{row:016x}" for row in range(400)])
    TrainingFeatures("generated", images, space, space.of(learnt)).write(files.training_features)
    known = open_run(run.root)
    assert np.flatnonzero(known.leaks.kind == "features").tolist() == [5, 6, 7, 8]
    assert known.leaks.any.sum() == 4
    assert (known.leaks.table["cosine"][5:9] > ALIKE).all()
    assert "near-duplicates of 4" in describe_leakage(known, np.arange(60))

    TrainingFeatures("another checkpoint", images, space, space.of(learnt)).write(
        files.training_features
    )
    assert not open_run(run.root).leaks.any.any()
    files.training_features.write_bytes(b"damaged")
    assert not open_run(run.root).leaks.any.any()


def test_damaged_features_are_none_rather_than_an_error(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    space = Space(*(rng.normal(size=shape).astype(np.float32) for shape in (8, (8, 4))))
    images, features = np.array([f"{row:016x}" for row in range(20)]), rng.normal(size=(20, 4))
    TrainingFeatures("hash", images, space, features.astype(np.float32)).write(tmp_path / "l.npz")
    whole = (tmp_path / "l.npz").read_bytes()
    found = []
    for position in rng.integers(0, len(whole), 400):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << rng.integers(8)
        (tmp_path / "l.npz").write_bytes(damaged)
        read = TrainingFeatures.read(tmp_path / "l.npz", "hash")
        found.append(read)
        assert read is None or np.array_equal(read.features, features.astype(np.float16))
    assert found.count(None) > 200
