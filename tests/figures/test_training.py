import numpy as np
import pandas as pd
import pytest

from dermxai import figures, taxonomy
from dermxai.ui.components.look import Plot

EPOCHS = 12


def history(epochs: int = EPOCHS) -> pd.DataFrame:
    epoch = np.arange(1, epochs + 1)
    return pd.DataFrame(
        {
            "epoch": epoch,
            "learning_rate": 1e-3 * 0.5**epoch,
            "learning_stages": np.minimum(4, epoch),
            "loss": 2 / epoch,
            "validation_loss": 2.5 / epoch,
            "balanced_accuracy": 1 - 1 / (epoch + 1),
            "macro_auc": 1 - 0.5 / (epoch + 1),
            "sensitivity:EAD": 0.5,
            "sensitivity:SD": np.nan,
            "confusion:EAD→SD": 0.5 / epoch,
            "confusion:SD→EAD": 0.25,
            "seconds": 10.0 * epoch,
            "images_per_second": 12.0,
        }
    )


def test_each_training_has_its_colour_and_both_losses():
    loss = figures.training_loss({"a": history(), "b": history(3)})
    validation, training, other, _ = loss.data
    assert list(validation.y) == pytest.approx(history()["validation_loss"])
    assert list(training.y) == pytest.approx(history()["loss"])
    assert training.line.color == validation.line.color != other.line.color
    assert (training.line.dash, validation.line.dash) == ("dot", "solid")
    assert len(other.x) == 3


def test_a_measure_that_a_history_lacks_is_left_out():
    lacking = history().drop(columns="macro_auc")
    made = figures.training_measure({"a": lacking, "b": history()}, "macro_auc", "AUC")
    (line,) = made.data
    assert line.name == "b"


def test_the_axis_of_a_share_stays_within_0_and_1_after_the_first_epoch():
    made = figures.training_measure({"a": history(1)}, "balanced_accuracy", "Balanced accuracy")
    allowed = made.layout.yaxis.autorangeoptions
    assert (allowed.clipmin, allowed.clipmax) == (0, 1)


def test_stages_learn_from_the_heads_downwards():
    made = figures.learning_stages(history(), stages=4, epochs=20)
    (cells,) = made.data
    learns = np.array(cells.z)
    assert learns.shape == (4, EPOCHS)
    assert learns[0].all()
    assert learns.sum(axis=0).tolist() == history()["learning_stages"].tolist()
    assert cells.y[0] == "heads"
    assert made.layout.xaxis.range[1] > 20


def test_classes_have_their_colours():
    sensitivities = figures.class_sensitivities(history())
    assert [line.name for line in sensitivities.data] == ["EAD", "SD"]
    assert sensitivities.data[0].line.color == taxonomy.BY_CODE["EAD"].colour


def test_the_legend_of_many_classes_has_room():
    many = history().assign(**{f"sensitivity:{code}": 0.5 for code in taxonomy.BY_CODE})
    few, all_ = figures.class_sensitivities(history()), figures.class_sensitivities(many)
    assert all_.layout.height - few.layout.height > 5 * len(taxonomy.BY_CODE)


def test_both_ways_of_the_watched_pair():
    watched = figures.watched_confusion({"a": history()})
    assert [line.name for line in watched.data] == ["EAD→SD", "SD→EAD"]
    assert watched.data[0].y[0] == 0.5


def test_hardware_draws_what_there_is():
    samples = pd.DataFrame({"time": [10.0, 70.0], "processors": [1.5, 2.0], "memory": 2**30})
    without = figures.hardware_use(samples.assign(gpu=np.nan, gpu_memory=np.nan))
    assert [list(line.y) for line in without.data] == [[1.5, 2.0], [1.0, 1.0]]
    assert list(without.data[0].x) == [0, 1]
    assert len(figures.hardware_use(samples.assign(gpu=50.0, gpu_memory=2.0**30)).data) == 4


def test_the_running_mean_of_the_loss_is_smoother():
    rng = np.random.default_rng(0)
    figures_ = pd.DataFrame({"step": range(200), "loss": 1 + rng.normal(size=200)})
    raw, mean = figures.loss_by_step(figures_).data
    assert np.std(mean.y) < np.std(raw.y) / 2


def test_nothing_yet_says_why():
    nothing = pd.DataFrame()
    for made in (
        figures.learning_stages(nothing, 4, 10),
        figures.hardware_use(nothing),
        figures.loss_by_step(nothing),
    ):
        assert not made.data
        assert made.layout.title.subtitle.text.endswith(".")


def test_a_legend_of_many_lies_below_a_plot_of_the_same_size():
    few, many = (
        figures.training_loss({f"network fold-{n}": history() for n in range(count)})
        for count in (1, 12)
    )
    plots = [
        made.layout.height - made.layout.margin.t - made.layout.margin.b for made in (few, many)
    ]
    assert abs(plots[0] - plots[1]) < 60
    assert many.layout.height - few.layout.height >= 12 * 15, "a row each"
    assert Plot.of(many).figure.layout.margin.t == Plot.of(few).figure.layout.margin.t
    beside = figures.class_sensitivities(history()).layout.legend
    assert (beside.yref, beside.yanchor) == ("paper", "top"), "not below, as the others"
