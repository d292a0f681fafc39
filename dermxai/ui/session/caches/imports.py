"""Files of other programs as they would be imported, looked at once."""

from dermxai.core import paths
from dermxai.runs import embeddings
from dermxai.runs.predictions.importing import Options, import_options
from dermxai.runs.predictions.preview import Preview, preview
from dermxai.ui.session.caches import datasets, stored_runs
from dermxai.ui.session.caches.datasets import Source
from dermxai.ui.session.caches.memory import kept


@kept("Looking at the file …")
def predictions(source: Source, file: str, _changed: int, asked: Options) -> Preview:
    """
    Args:
        source: the dataset whose images were predicted.
        asked: what a person says of it.

    Raises:
        InputError: the file or the dataset cannot be opened.
    """
    opened = datasets.table(source)
    with paths.confining():
        return preview(
            file, opened.samples.reset_index(drop=True), opened.name, import_options(**asked)
        )


@kept("Looking at the file …")
def of_embeddings(run: str, file: str, _changed: int, ids: str | None) -> embeddings.Preview:
    """
    Raises:
        InputError: the file or the run cannot be opened.
    """
    with paths.confining():
        return embeddings.preview(stored_runs.run(run), file, ids=ids)
