"""What a training would take, from a few timed steps.

Somebody waits in front of a form, so it does not wait for the jobs at work: it has a GPU only where
one is free, and on processors its steps are timed beside what else they do.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from dermxai.jobs.kinds import JobKind, Report, named
from dermxai.jobs.kinds.train import Work, check
from dermxai.jobs.loading import opened_dataset


@dataclass(frozen=True, kw_only=True)
class Estimate(JobKind[Work]):
    def title(self, arguments: Mapping[str, object]) -> str:
        return f"Estimate for {named(arguments, 'dataset')}"

    def check(self, arguments: Mapping[str, object]) -> None:
        """
        Raises:
            InputError: as `dermxai.jobs.kinds.train.check` says.
        """
        check(arguments)

    def work(self, report: Report, arguments: Work) -> dict[str, object]:
        """
        Returns:
            The fields of `dermxai.training.estimate.Estimate`, and "beside": whether another job
            was computing on the same processors.
        """
        report("loading", 0, 0)
        from dermxai.jobs.job import State, list_jobs
        from dermxai.training.estimate import estimate, estimate_study, estimate_sweep
        from dermxai.training.recipe import chosen

        data = opened_dataset(arguments.dataset, arguments.dataset_options)
        recipe = chosen("scratch", arguments.recipe)
        report("timing", 0, 0)
        asked, devices = (data, recipe, arguments.device), arguments.devices
        if arguments.sweep:
            found = estimate_sweep(
                *asked, devices=devices, swept=arguments.sweep, halving=arguments.halving
            )
        elif arguments.folds:
            found = estimate_study(
                *asked,
                devices=devices,
                folds=arguments.folds,
                seeds=arguments.seeds,
                baselines=arguments.baselines,
            )
        else:
            found = estimate(*asked, devices)
        beside = found.device == "cpu" and any(
            job.lane == "device" and job.where == "local" and job.state is State.RUNNING
            for job in list_jobs()
        )
        return {**asdict(found), "beside": beside}


ESTIMATE = Estimate(name="estimate", lane="aside", arguments=Work)
