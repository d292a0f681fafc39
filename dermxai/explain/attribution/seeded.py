"""Captum's random draws from generators of their own.

Captum draws from the random state of the process, which other visitors' threads draw from as well:
seeding it would neither give the same map twice nor leave theirs alone. Here each draw comes from a
generator with the map's seed, on the CPU, one sample after the other: the numbers depend neither on
the batch nor on the device. They are those that Captum draws on a CPU after ``torch.manual_seed``
and ``numpy.random.seed``.
"""

from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
import torch
from captum._utils.models.model import Model
from captum.attr import GradientAttribution, KernelShap, NoiseTunnel
from sklearn.linear_model import LinearRegression, Ridge
from torch import Tensor
from torch.distributions import Categorical
from torch.utils.data import DataLoader, TensorDataset

Forward = Callable[[Tensor], Tensor]


class SeededNoiseTunnel(NoiseTunnel):  # type: ignore[misc]
    def __init__(self, method: GradientAttribution, seed: int) -> None:
        super().__init__(method)
        self._noise = torch.Generator().manual_seed(seed)

    def _add_noise_to_input(self, image: Tensor, stdev: float, samples: int) -> Tensor:
        spread = torch.full(image.shape, stdev)
        noise = [torch.normal(0.0, spread, generator=self._noise) for _ in range(samples)]
        return image.repeat_interleave(samples, dim=0) + torch.cat(noise).to(image)


class SeededInputBaselineXGradient(GradientAttribution):  # type: ignore[misc]
    """(image − baseline) × gradient at a random point between the two, of which Captum's
    GradientSHAP is the mean. Each image of a call takes the next of the draws."""

    def __init__(self, forward: Forward, baselines: Tensor, samples: int, seed: int) -> None:
        """
        Args:
            baselines: (m, 3, h, w), one of which is drawn for each sample.
            samples: draws in all.
        """
        super().__init__(forward)
        draws = np.random.RandomState(seed)
        self._baselines = iter(baselines[draws.choice(len(baselines), samples)])
        self._shares = iter(torch.from_numpy(draws.uniform(0.0, 1.0, samples)).to(baselines))

    def attribute(self, inputs: Tensor) -> Tensor:
        drawn = list(islice(zip(self._baselines, self._shares, strict=True), len(inputs)))
        baselines = torch.stack([baseline for baseline, _ in drawn])
        shares = torch.stack([share for _, share in drawn])[:, None, None, None]
        points = (shares * inputs + (1 - shares) * baselines).requires_grad_()
        (gradients,) = self.gradient_func(self.forward_func, (points,))
        products: Tensor = (inputs - baselines) * gradients
        return products

    attribute.__wrapped__ = attribute  # type: ignore[attr-defined]

    def has_convergence_delta(self) -> bool:
        return False


class SeededKernelShap(KernelShap):  # type: ignore[misc]
    """Coalitions of superpixels from a generator; the linear model fitted without a shuffle."""

    def __init__(self, forward: Forward, seed: int) -> None:
        super().__init__(forward)
        self.interpretable_model = Fitted(LinearRegression())
        self._draws = torch.Generator().manual_seed(seed)

    def kernel_shap_perturb_generator(
        self,
        original_inp: Tensor,
        *,
        num_interp_features: int,
        num_select_distribution: Categorical,
        **_: object,
    ) -> Iterator[Tensor]:
        device, count = original_inp.device, num_interp_features
        sizes = num_select_distribution.probs
        yield torch.ones(1, count, device=device, dtype=torch.long)
        yield torch.zeros(1, count, device=device, dtype=torch.long)
        while True:
            size = int(torch.multinomial(sizes, 1, True, generator=self._draws))
            values = torch.randn(1, count, generator=self._draws)
            limit = torch.kthvalue(values, count - size).values.item()
            yield (values > limit).long().to(device)


class SeededCoalitions:
    """For Captum's Lime: each superpixel stays with probability one half."""

    def __init__(self, seed: int) -> None:
        self._draws = torch.Generator().manual_seed(seed)

    def __call__(self, original_inp: Tensor, *, num_interp_features: int, **_: object) -> Tensor:
        shares = torch.full((1, num_interp_features), 0.5)
        return torch.bernoulli(shares, generator=self._draws).long().to(original_inp.device)


class Fitted(Model):  # type: ignore[misc]
    """A linear regression of scikit-learn for Captum's Lime, whose own draws from the random state
    of the process to load its data and to make room for its weights."""

    def __init__(self, regression: LinearRegression | Ridge) -> None:
        self._regression = regression

    def fit(self, train_data: DataLoader[tuple[Tensor, ...]], **_: object) -> None:
        data = train_data.dataset
        assert isinstance(data, TensorDataset)
        coalitions, values, weights = (tensor.cpu().numpy() for tensor in data.tensors)
        self._regression.fit(coalitions, values, sample_weight=weights)

    def representation(self) -> Tensor:
        """A number a region."""
        return torch.from_numpy(self._regression.coef_)

    def __call__(self, x: Tensor) -> Tensor:
        return torch.from_numpy(self._regression.predict(x.cpu().numpy()))
