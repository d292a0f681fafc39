"""What a training will take, from a few timed steps."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import psutil
import torch
from torch import Tensor

from dermxai.core.errors import InputError
from dermxai.data import Dataset, split_words
from dermxai.data.transforms import Preprocessing
from dermxai.models.devices import usable_device
from dermxai.training.data.examples import examples_of
from dermxai.training.data.loading import batches_an_epoch, steps_an_epoch
from dermxai.training.fit import preprocessing_of
from dermxai.training.initial_network import check_learns
from dermxai.training.loop.module import Training
from dermxai.training.recipe import TO_SPARE_MEMORY, Recipe
from dermxai.training.studies.combinations import combinations, epochs_in_all, rounds
from dermxai.training.studies.study import members, of_member

CPU_BATCH = 4  # images a timed step on a CPU, where time is proportional to their number
TIMED_STEPS = 2
FORWARD_SHARE = 1 / 3  # of a step's time: the backward pass takes twice the forward's
DECODED = 4  # images


@dataclass(frozen=True)
class Estimate:
    """
    Attributes:
        device: "cpu" or "cuda": where steps were timed.
        trainings: of a cross-validation; the images are those of its first.
        steps: of the optimiser, over all epochs and trainings.
        memory_bytes: on a GPU what tensors took at most in a step. On a CPU what weights,
            gradients, the optimiser and the tensors kept for the backward pass take, counted in a
            small batch and scaled to the batch size; the process itself comes on top.
        warning: a sentence where the device has less memory than that, else empty.
        seconds_per_step: at the full image side with all layers learning.
        decoding: seconds in which all images are read, once.
        seconds: of the whole, images decoded and validated too. Rough: frozen layers, which spare
            some of the backward pass, are taken as learning, and several GPUs as so many times
            faster than one.
        seconds_high: the same by the slowest of the steps that were timed, ``seconds`` by the
            fastest: on a computer that others use, steps differ.
        notes: what of the data set's splits is not understood, and so not learnt from.
    """

    device: str
    trainings: int
    training_images: int
    validation_images: int
    steps: int
    memory_bytes: int
    warning: str
    seconds_per_step: float
    decoding: float
    seconds: float
    seconds_high: float
    notes: tuple[str, ...] = ()


def estimate(
    dataset: Dataset, recipe: Recipe, device: str | None = None, devices: int = 1
) -> Estimate:
    """Tries the recipe's network on random pixels, on one device.

    Args:
        device: "cpu", "cuda", "cuda:1"; None: a GPU where there is one.
        devices: that the training is to have.

    Raises:
        InputError: as `dermxai.training.fit.fit` says of the data set and the recipe; a device that
            cannot be used; a GPU that has too little memory for one step.
    """
    examples = examples_of(dataset, recipe)
    training, validation = examples.rows("train"), examples.rows("validation")
    target = usable_device(device)
    if not len(training) or not len(validation):
        raise InputError(
            f"{dataset.name} has {len(training)} training and {len(validation)} validation images "
            "with labels; both are needed. Check its split column."
        )
    steps = steps_an_epoch(len(training), recipe, devices) * recipe.epochs
    preprocessing = preprocessing_of(recipe)
    module = Training(
        recipe, examples.classes, preprocessing, examples.labels[training], max(steps, 2)
    )
    check_learns(module.network, recipe)
    module.to(target)
    batch = recipe.batch_size if target.type == "cuda" else CPU_BATCH
    try:
        times, memory = _step(module, batch, target)
    except torch.OutOfMemoryError as error:
        raise InputError(
            f"A step needs more than the {_gigabytes(_memory_of(target))} of the GPU; "
            f"{TO_SPARE_MEMORY}."
        ) from error
    needed = memory(recipe.batch_size)
    per_image, slower = min(times) / batch, max(times) / min(times)
    passes = batches_an_epoch(len(training), recipe, devices) * recipe.batch_size * devices
    areas = [(recipe.size_at(epoch) / recipe.size) ** 2 for epoch in range(recipe.epochs)]
    learning = per_image * passes * sum(areas)  # passes: images an epoch
    validating = per_image * FORWARD_SHARE * len(validation) * recipe.epochs
    faster = devices if target.type == "cuda" else 1  # processes share a CPU
    decoding = _decoding(dataset, examples.sample_ids, preprocessing)
    return Estimate(
        device=target.type,
        trainings=1,
        training_images=len(training),
        validation_images=len(validation),
        steps=steps,
        memory_bytes=needed,
        warning=warning(needed, _memory_of(target)),
        seconds_per_step=per_image * recipe.batch_size * recipe.accumulate,
        decoding=decoding,
        seconds=(learning + validating) / faster + decoding,
        seconds_high=slower * (learning + validating) / faster + decoding,
        notes=tuple(split_words.notes(dataset.samples)),
    )


def estimate_study(
    dataset: Dataset,
    recipe: Recipe,
    device: str | None = None,
    *,
    folds: int,
    seeds: int = 1,
    baselines: Sequence[str] = (),
    devices: int = 1,
) -> Estimate:
    """What `studies.study.study` would take: each network is tried once and counted for all folds
    and seeds; of memory the largest.

    Raises:
        InputError: as `estimate` and `study`.
    """
    planned = members(recipe, folds, seeds, baselines)
    first = {member.network: member for member in reversed(planned)}
    found = [
        estimate(*of_member(dataset, recipe, member, folds), device, devices)
        for member in reversed(first.values())
    ]
    times = folds * seeds
    largest = max(found, key=lambda each: each.memory_bytes)
    decoding = found[0].decoding  # members share the images
    return replace(
        found[0],
        trainings=len(planned),
        steps=times * sum(each.steps for each in found),
        memory_bytes=largest.memory_bytes,
        warning=largest.warning,
        seconds_per_step=max(each.seconds_per_step for each in found),
        seconds=times * sum(each.seconds - each.decoding for each in found) + decoding,
        seconds_high=times * sum(each.seconds_high - each.decoding for each in found) + decoding,
    )


def estimate_sweep(
    dataset: Dataset,
    recipe: Recipe,
    device: str | None = None,
    *,
    swept: Mapping[str, object],
    halving: bool = True,
    devices: int = 1,
) -> Estimate:
    """What `studies.sweep.sweep` would take, if all its settings were as fast as the first.

    Raises:
        InputError: as `estimate` and `combinations`.
    """
    planned = list(combinations(recipe, swept).values())
    found = estimate(dataset, planned[0], device, devices)
    epochs = planned[0].epochs
    times = epochs_in_all(rounds(len(planned), halving=halving), epochs) / epochs
    return replace(
        found,
        trainings=len(planned),
        steps=round(times * found.steps),
        seconds=times * (found.seconds - found.decoding) + found.decoding,
    )


def warning(needed: int, present: int) -> str:
    """A sentence where a training needs more bytes than its device has, else nothing."""
    if needed <= present:
        return ""
    return (
        f"It needs {_gigabytes(needed)} of memory and there are {_gigabytes(present)}: "
        f"{TO_SPARE_MEMORY}."
    )


def _gigabytes(size: int) -> str:
    return f"{size / 2**30:.1f} GB"


def _memory_of(device: torch.device) -> int:
    """Bytes of a GPU, or of this computer."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return int(psutil.virtual_memory().total)


def _step(
    module: Training, batch: int, device: torch.device
) -> tuple[list[float], Callable[[int], int]]:
    """Seconds of some steps, and a function from the batch size to the bytes that it takes."""
    recipe, classes = module.recipe, len(module.classes)
    module.configure_optimizers()
    fixed = _bytes_of(module.network.parameters()) * _copies(recipe)
    labels = torch.arange(batch, device=device) % classes
    images = torch.rand(batch, 3, recipe.size, recipe.size, device=device)
    images = images.contiguous(memory_format=torch.channels_last)
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    times = []
    for index in range(1 + TIMED_STEPS):  # the first one warms up
        began = time.perf_counter()
        with (
            torch.autocast(device.type, torch.bfloat16, recipe.precision == "bfloat16"),
            torch.autograd.graph.saved_tensors_hooks(note if index == 0 else _same, _same),
        ):
            loss = torch.nn.functional.cross_entropy(module.network(images).logits.sum(1), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - began)
        module.network.zero_grad()
    parameters = {weight.untyped_storage().data_ptr() for weight in module.network.parameters()}
    for_backward = sum(size for pointer, size in kept.items() if pointer not in parameters)
    if device.type == "cuda":
        extra = fixed - 2 * _bytes_of(module.network.parameters())
        peak = torch.cuda.max_memory_allocated(device) + extra
        return times[1:], lambda _: int(peak)
    return times[1:], lambda size: int(fixed + for_backward / batch * size)


def _same(tensor: Tensor) -> Tensor:
    return tensor


def _copies(recipe: Recipe) -> int:
    """How many numbers are held for each weight: itself, its gradient, the optimiser's, the
    average's."""
    return 2 + (2 if recipe.optimiser == "adamw" else 1) + (recipe.ema_decay > 0)


def _bytes_of(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.nbytes for tensor in tensors)


def _decoding(dataset: Dataset, sample_ids: list[str], preprocessing: Preprocessing) -> float:
    """Seconds to prepare all images, from the first few that can be read."""
    began, read = time.perf_counter(), 0
    for sample_id in sample_ids[:DECODED]:
        try:
            profiles = preprocessing.colour_profiles
            preprocessing.prepare(dataset.image(sample_id, profiles=profiles))
            read += 1
        except ValueError:
            continue
    return (time.perf_counter() - began) / max(1, read) * len(sample_ids)
