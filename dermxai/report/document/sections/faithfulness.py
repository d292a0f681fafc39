"""Whether maps show what the model uses: the newest evaluation that the run keeps."""

import pandas as pd

from dermxai.core.formatting import count, fixed
from dermxai.explain.faithfulness.measure import find_measure
from dermxai.explain.faithfulness.results import open_results
from dermxai.metrics import basis
from dermxai.report import faithfulness as said
from dermxai.report.document.content import Block, Section, Table, Text
from dermxai.report.document.material import Material


def faithfulness(material: Material) -> Section:
    """In a sentence a method, and a table of measures."""
    title, run = "Faithfulness of maps", material.run
    found = open_results(run)
    if found is None:
        told = "No evaluation of maps is kept with this run."
        return Section("faithfulness", title, (Text(told),))
    summary = said.summary(run, found)
    of_methods = summary[~summary["method"].isin(said.CONTROLS)]
    asked = found.asked
    told = (
        f"{count(asked.images, 'image')} of {asked.split or 'all splits'} were evaluated, "
        f"seed {asked.seed}; control maps are random ones and a centred Gaussian."
    )
    blocks: list[Block] = [Text(told)]
    blocks += [Text(f"{method}: {words}") for method, words in said.in_words(summary)]
    blocks += [
        Text(note, "note") for note in (*said.outdated(found), *said.too_few(run, found, summary))
    ]
    shown = pd.DataFrame(
        [
            {
                "Method": said.title(row["method"]),
                "Measure": find_measure(row["measure"]).title,
                "Mean": fixed(row["mean"], 3),
                f"{100 * basis.LEVEL:.0f} % CI": "–"
                if pd.isna(row["low"])
                else f"{fixed(row['low'], 3)} to {fixed(row['high'], 3)}",
                "Standing": said.with_words(pd.DataFrame([row]))["standing"].iloc[0] or "–",
            }
            for row in of_methods.to_dict("records")
        ]
    )
    numbers = material.with_origin(
        said.with_words(summary), **basis.columns(said.units(run), basis.LEVEL)
    )
    blocks.append(Table("faithfulness", "Faithfulness of maps", shown, numbers, ""))
    return Section("faithfulness", title, tuple(blocks), frozenset({"faithfulness"}))
