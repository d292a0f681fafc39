import torch

from dermxai.training.data.augment import augment


def test_shape_and_range_are_kept():
    images = torch.rand(4, 3, 40, 40)
    result = augment(images, 32, torch.Generator().manual_seed(0))
    assert result.shape == (4, 3, 32, 32)
    assert result.min() >= -1e-5 and result.max() <= 1 + 1e-5


def test_repeats_with_its_generator_and_differs_between_images():
    images = torch.rand(1, 3, 32, 32).repeat(6, 1, 1, 1)
    first, again = (augment(images, 32, torch.Generator().manual_seed(3)) for _ in range(2))
    torch.testing.assert_close(first, again, rtol=0, atol=0)
    assert len({tuple(image.flatten().tolist()) for image in first}) == 6


def test_turns_rigidly_by_at_most_thirty_degrees():
    """A bright spot keeps its distance from the centre and, but for flips, its direction."""
    side = 65
    images = torch.zeros(200, 1, side, side)
    images[:, :, 32 - 1 : 32 + 2, 52 - 1 : 52 + 2] = 1
    result = augment(images, side, torch.Generator().manual_seed(0))[:, 0]
    axis = torch.arange(side) - 32.0
    mass = result.sum((1, 2))
    x = (result.sum(1) * axis).sum(1) / mass
    y = (result.sum(2) * axis).sum(1) / mass
    assert torch.allclose(torch.hypot(x, y), torch.tensor(20.0), atol=0.5)
    angle = torch.rad2deg(torch.atan2(y.abs(), x.abs()))
    assert 25 < angle.max() < 30.5
    assert (x < 0).float().mean() > 0.35 and (x > 0).float().mean() > 0.35
