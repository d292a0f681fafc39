"""Predictions that another program has made: writes a run without a network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dermxai.core.settings import Settings, setting
from dermxai.jobs.kinds import JobKind, Report, named
from dermxai.jobs.loading import opened_dataset


class Arguments(Settings):
    """``numbers`` to ``roles`` are those of `dermxai.runs.predictions.import_predictions`."""

    predictions: str = setting(..., "The file of predictions.")
    dataset: str = setting(..., "The dataset's folder, table or archive.")
    dataset_options: Mapping[str, object] | None = setting(None, "Options of load_dataset.")
    numbers: str | None = setting(None, "logits, probabilities or percent.")
    activation: str | None = setting(None, "softmax, or sigmoid where classes stand alone.")
    classes: Sequence[str] | None = setting(None, "Names of the outputs, in their order.")
    ids: str | None = setting(None, "The column that names the image.")
    folds: str | None = setting(None, "The column of folds or models.")
    roles: Mapping[str, str] | None = setting(
        None, "Roles of columns: image, fold, output, embedding, concept or nothing."
    )


@dataclass(frozen=True, kw_only=True)
class ImportPredictions(JobKind[Arguments]):
    def title(self, arguments: Mapping[str, object]) -> str:
        return f"{named(arguments, 'predictions')} on {named(arguments, 'dataset')}"

    def work(self, report: Report, arguments: Arguments) -> dict[str, object]:
        """
        Raises:
            InputError: as `dermxai.runs.predictions.import_predictions` says.
        """
        report("loading", 0, 0)
        from dermxai.runs.predictions import import_predictions

        data = opened_dataset(arguments.dataset, arguments.dataset_options)
        made = import_predictions(
            arguments.predictions,
            data,
            numbers=arguments.numbers,
            activation=arguments.activation,
            classes=None if arguments.classes is None else tuple(arguments.classes),
            ids=arguments.ids,
            folds=arguments.folds,
            roles=arguments.roles,
            progress=lambda done, total: report("images", done, total),
        )
        return {"run": str(made.root)}


IMPORT = ImportPredictions(name="import", lane="processor", arguments=Arguments)
