"""Who is in a dataset: Table 1 of Zhu et al. 2021, as a whole and class by class.

Age (mean, sample standard deviation and range, in years) and sex are those of patients; an image
whose patient is not known counts as a patient of its own there. A patient's age is the mean over
the images. The share of women is of the patients whose sex is known. What is not known is NaN.
"""

import pandas as pd

UNLABELLED = ""


def whole(samples: pd.DataFrame) -> pd.Series:
    """All images of a sample table: images, patients (NaN where none is named), age_mean, age_sd,
    age_low, age_high, female, female_share."""
    return _counted(_people(samples).assign(label="")).iloc[0]


def by_class(samples: pd.DataFrame) -> pd.DataFrame:
    """The same for each class (index; `UNLABELLED` for images without one), the largest first, and
    images_share and patients_share, of all images and patients."""
    people = _people(samples)
    table = _counted(people)
    named = people.loc[people["named"], "person"].nunique()
    table.insert(1, "images_share", table["images"] / len(people))
    table.insert(3, "patients_share", table["patients"] / named if named else float("nan"))
    return table.sort_values("images", ascending=False, kind="stable")


def _people(samples: pd.DataFrame) -> pd.DataFrame:
    """Label, age and sex, and who the ``person`` is; ``named`` where the patient is known."""
    missing = pd.Series(pd.NA, index=samples.index, dtype="str")
    patient = samples.get("patient_id", missing)
    named = patient.notna()
    return pd.DataFrame(
        {
            "label": samples["label"].astype("str").fillna(UNLABELLED),
            "person": ("patient " + patient.astype("str")).where(
                named, "image " + samples["sample_id"].astype("str")
            ),
            "named": named,
            "age": pd.to_numeric(samples.get("age", missing), errors="coerce"),
            "sex": samples.get("sex", missing),
        }
    )


def _counted(people: pd.DataFrame) -> pd.DataFrame:
    cases = people.groupby(["label", "person"], sort=False).agg(
        images=("person", "size"),
        named=("named", "first"),
        age=("age", "mean"),
        sex=("sex", "first"),
    )
    cases["female"] = (cases["sex"] == "female").where(cases["sex"].notna())
    rows = cases.groupby("label", sort=False)
    patients = rows["named"].sum()
    female = rows["female"].agg(["sum", "count"]).astype("float64")
    known = female["count"] > 0
    return pd.DataFrame(
        {
            "images": rows["images"].sum(),
            "patients": patients.where(patients > 0),
            **rows["age"].agg(age_mean="mean", age_sd="std", age_low="min", age_high="max"),
            "female": female["sum"].where(known),
            "female_share": (female["sum"] / female["count"]).where(known),
        }
    )
