"""Trainer: what it computes, held to loops written by hand, and how it stays the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

import glassnet as gn
from glassnet.data import permutation
from glassnet.optim import Clipping
from glassnet.training import trainer as trainer_module
from glassnet.types import Array
from tests import cases
from tests.training.setups import (
    Moments,
    bits,
    classifier,
    line,
    plain,
    quiet,
    restless,
    rows,
    values,
)

# -- the numbers ---------------------------------------------------------------------------------


def test_weights_are_those_of_a_loop_written_by_hand() -> None:
    x, t = values()
    network = plain()
    W1, b1, W2, b2 = (w.copy() for w in network.parameters().values())
    v = [np.zeros_like(w) for w in (W1, b1, W2, b2)]
    losses = []
    for epoch in range(3):
        order = permutation(len(x), network.seed, epoch)
        total = 0.0
        for batch in (order[:8], order[8:16], order[16:]):
            h = np.tanh(x[batch] @ W1 + b1)
            e = h @ W2 + b2 - t[batch]
            total += float((e**2).sum())
            dy = 2 * e / len(batch)
            dz = dy @ W2.T * (1 - h**2)
            gradients = (x[batch].T @ dz, dz.sum(0), h.T @ dy, dy.sum(0))
            for w, dw, velocity in zip((W1, b1, W2, b2), gradients, v, strict=True):
                velocity *= 0.9
                velocity += dw
                w -= 0.05 * velocity
        losses.append(total / len(x))
    trainer = gn.Trainer(network, gn.MeanSquaredError(), gn.SGD(0.05, momentum=0.9))
    history = quiet(trainer, (x, t), epochs=3, batch_size=8)
    for own, by_hand in zip(network.parameters().values(), (W1, b1, W2, b2), strict=True):
        np.testing.assert_allclose(own, by_hand, rtol=1e-12, atol=1e-14)
    assert history["loss"] == pytest.approx(losses, rel=1e-12)
    assert (trainer.epoch, trainer.step) == (3, 9)


def test_the_loss_of_an_epoch_is_the_mean_over_rows_and_not_over_batches() -> None:
    x, t = values(10)
    t[-2:] += 30  # the last batch is small and its loss large
    weight = np.arange(10.0)
    trainer = gn.Trainer(plain(), gn.MeanSquaredError(), gn.SGD(0.0))
    plan: dict[str, Any] = {"epochs": 1, "batch_size": 4, "shuffle": False}
    (loss,) = quiet(trainer, (x, t), **plan)["loss"]
    assert loss == pytest.approx(trainer.evaluate((x, t))["loss"])
    (loss,) = quiet(trainer, (x, t), sample_weight=weight, **plan)["loss"]
    assert loss == pytest.approx(trainer.evaluate((x, t), sample_weight=weight)["loss"])
    e = trainer.network(x) - t
    assert loss == pytest.approx(float((weight[:, None] * e**2).sum() / weight.sum()))


def test_metrics_are_computed_once_over_all_rows() -> None:
    x, t = rows(50)
    trainer = classifier(metrics=["recall", "f1"])
    history = quiet(trainer, (x, t), validation=(x[:31], t[:31]), epochs=1, batch_size=4)
    answers = trainer.network(x).argmax(axis=1)

    def recall(y: Array, t: Array) -> float:
        return float(sk.recall_score(t, y, average="macro", zero_division=0.0))

    assert history.last["recall"] == pytest.approx(recall(answers, t))
    assert history.last["validation_recall"] == pytest.approx(recall(answers[:31], t[:31]))
    batches = [recall(answers[i : i + 4], t[i : i + 4]) for i in range(0, 50, 4)]
    assert history.last["recall"] != pytest.approx(np.mean(batches), abs=1e-3)


@pytest.mark.parametrize(
    ("settings", "W", "b"),
    [
        ({}, [[2 - 0.6], [-1 - 1.2]], 0.5 - 0.6),
        ({"penalties": gn.L2(0.5)}, [[2 - 0.7], [-1 - 1.15]], 0.5 - 0.6),
        ({"penalties": [gn.L1(1.0), gn.L2(0.5)]}, [[2 - 0.8], [-1 - 1.05]], 0.5 - 0.6),
        ({"penalties": gn.MaxNorm(6.8**0.5 / 2)}, [[0.7], [-1.1]], 0.5 - 0.6),
        ({"clipping": gn.ClipValue(7.0)}, [[2 - 0.6], [-1 - 0.7]], 0.5 - 0.6),
        ({"clipping": gn.ClipNorm(216**0.5 / 2)}, [[2 - 0.3], [-1 - 0.6]], 0.5 - 0.3),
    ],
)
def test_penalties_and_clipping_by_hand(
    settings: dict[str, Any], W: Sequence[Sequence[float]], b: float
) -> None:
    """For x = [1, 2], t = -2.5 the line gives 0.5, so dy = 6, dW = [6, 12], db = 6, ‖g‖ = √216.

    Without either, W is then [1.4, -2.2], of norm √6.8.
    """
    network = line()
    trainer = gn.Trainer(network, gn.MeanSquaredError(), gn.SGD(0.1), **settings)
    quiet(trainer, ([[1.0, 2.0]], [[-2.5]]), epochs=1)
    np.testing.assert_allclose(network.parameters()["line.W"], W)
    np.testing.assert_allclose(network.parameters()["line.b"], [b])


def test_max_norm_holds_after_every_epoch() -> None:
    norms: list[float] = []

    def measure(fit: Any) -> None:
        arrays = fit.network.parameters().items()
        norms.extend(np.linalg.norm(w, axis=0).max() for name, w in arrays if name.endswith("W"))

    trainer = classifier(penalties=gn.MaxNorm(0.6), optimizer=gn.SGD(0.5))
    quiet(trainer, rows(), epochs=5, callbacks=[Moments("epoch", measure)])
    assert len(norms) == 10
    assert max(norms) == pytest.approx(0.6, rel=1e-6)


def test_the_history_holds_the_rate_of_each_epochs_last_update() -> None:
    schedule = gn.StepDecay(0.1, factor=0.5, every=4)
    trainer = classifier(optimizer=gn.SGD(schedule))
    history = quiet(trainer, rows(21), epochs=3, batch_size=7)  # steps 0..2, 3..5, 6..8
    assert history["learning_rate"] == [0.1, 0.05, 0.025]


def test_float64_all_the_way() -> None:
    network = plain(outputs=3)
    history = quiet(classifier(network), rows(), epochs=1)
    assert {w.dtype.name for w in network.arrays().values()} == {"float64"}
    assert history.last["loss"] != float(np.float32(history.last["loss"]))


# -- what counts how much ------------------------------------------------------------------------


def trained(data: Any, **plan: Any) -> tuple[gn.Network, gn.History]:
    """Train a plain network on full batches."""
    network = plain(outputs=3)
    trainer = classifier(network, optimizer=gn.SGD(0.3), metrics=["accuracy"])
    history = quiet(trainer, data, epochs=4, batch_size=len(data[0]), shuffle=False, **plan)
    return network, history


def assert_same(one: tuple[gn.Network, gn.History], two: tuple[gn.Network, gn.History]) -> None:
    for a, b in zip(one[0].arrays().values(), two[0].arrays().values(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
    for name in ("loss", "accuracy"):
        assert one[1][name] == pytest.approx(two[1][name])


def test_a_row_of_weight_two_is_the_row_twice_and_of_weight_zero_not_there() -> None:
    x, t = rows(12)
    weight = np.array([2, 1, 0, 1] * 3)
    assert_same(
        trained((x, t), sample_weight=weight), trained((x.repeat(weight, 0), t.repeat(weight)))
    )


def test_class_weights_are_sample_weights() -> None:
    x, t = rows(12)
    by_class = {0: 1.0, 1: 3.5, 2: 0.0, 3: 9.0}
    each = np.array([1.0, 3.5, 0.0])[t]
    assert_same(trained((x, t), class_weight=by_class), trained((x, t), sample_weight=each))
    own = np.arange(12)
    both = trained((x, t), class_weight=by_class, sample_weight=own)
    assert_same(both, trained((x, t), sample_weight=own * each))


def test_balanced_classes_count_the_same_together() -> None:
    x, t = rows(12)
    each = (12 / (3 * np.bincount(t)))[t]
    assert sorted(np.bincount(t)) != [4, 4, 4]
    assert_same(trained((x, t), class_weight="balanced"), trained((x, t), sample_weight=each))


def test_a_batch_in_which_no_row_counts_moves_nothing() -> None:
    network = plain(outputs=3)
    before = bits(network)
    moved: list[bool] = []
    note = Moments("chunk", lambda fit: moved.append(bits(fit.network) != before))
    weight = [0.0] * 6 + [1.0] * 6
    trainer = classifier(network, optimizer=gn.SGD(0.1))
    x, t = rows(12)
    of_those_that_count = trainer.evaluate((x[6:], t[6:]))["loss"]
    plan: dict[str, Any] = {"epochs": 1, "batch_size": 6, "shuffle": False}
    history = quiet(trainer, (x, t), sample_weight=weight, callbacks=[note], **plan)
    assert moved == [False, True]
    assert history.last["loss"] == pytest.approx(of_those_that_count)


# -- the same again ------------------------------------------------------------------------------

OPTIMIZERS = [dataclasses.replace(case.make(), learning_rate=0.01) for case in cases.OPTIMIZERS]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_a_seed_fixes_every_bit(optimizer: gn.Optimizer) -> None:
    def run(seed: int, shuffle_seed: int | None = None) -> dict[str, bytes]:
        network = restless(seed)
        trainer = classifier(network, optimizer=optimizer, seed=shuffle_seed)
        quiet(trainer, rows(), epochs=3, batch_size=4)
        return bits(network)

    assert run(1) == run(1)
    assert run(1) != run(2)
    assert run(1) != run(1, shuffle_seed=2)


def test_every_epoch_has_an_order_of_its_own_and_without_shuffling_there_is_one() -> None:
    x, t = values()
    orders: dict[bool, list[list[float]]] = {}
    for shuffle in (True, False):
        trainer = gn.Trainer(plain(), gn.MeanSquaredError(), gn.SGD(0.0))
        log: list[float] = []

        class Losses(gn.Callback):
            def on_chunk(self, fit: Any, chunk: Any) -> None:  # noqa: ARG002
                log.extend(chunk.losses)  # noqa: B023

        quiet(trainer, (x, t), epochs=2, batch_size=1, shuffle=shuffle, callbacks=[Losses()])
        orders[shuffle] = [log[:21], log[21:]]
    each = ((trainer.network(x) - t) ** 2).ravel().tolist()
    assert orders[False] == [pytest.approx(each)] * 2
    first, second = orders[True]
    assert first != second
    assert first != orders[False][0]
    assert sorted(first) == sorted(second) == pytest.approx(sorted(each))


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_three_epochs_and_two_are_five(optimizer: gn.Optimizer) -> None:
    once, twice = restless(), restless()
    whole = quiet(classifier(once, optimizer=optimizer), rows(), epochs=5, batch_size=4)
    trainer = classifier(twice, optimizer=optimizer)
    first = quiet(trainer, rows(), epochs=3, batch_size=4)
    second = quiet(trainer, rows(), epochs=2, batch_size=4)
    assert bits(once) == bits(twice)
    assert first["loss"] + second["loss"] == whole["loss"] == trainer.history["loss"]
    assert second["epoch"] == [4, 5]


def test_how_many_batches_run_together_changes_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    results = []
    for together in (1, 3, 1000):
        monkeypatch.setattr(trainer_module, "_adapt", lambda chunk, seconds: chunk)  # noqa: ARG005
        network = restless()
        trainer = classifier(network)
        trainer._chunk = together
        note = Moments()
        history = quiet(trainer, rows(), epochs=2, batch_size=4, callbacks=[note])
        results.append((bits(network), history["loss"]))
        assert note.seen.count("chunk") == 2 * -(-6 // together)
    assert results[0] == results[1] == results[2]


def test_chunks_grow_while_they_are_short_and_shrink_when_they_are_long() -> None:
    adapt = trainer_module._adapt
    assert [adapt(8, 0.001), adapt(8, 0.1), adapt(8, 0.5), adapt(1, 9.0)] == [128, 16, 4, 1]


def test_validation_never_influences_training() -> None:
    alone, watched = restless(), restless()
    x, t = rows()
    one = quiet(classifier(alone), (x, t), epochs=3, batch_size=4)
    two = quiet(
        classifier(watched, metrics=["accuracy"]),
        (x, t),
        validation=rows(9, seed=1),
        epochs=3,
        batch_size=4,
    )
    assert bits(alone) == bits(watched)
    assert one["loss"] == two["loss"]


def test_training_metrics_can_be_left_out() -> None:
    x, t = rows()
    trainer = classifier(metrics="accuracy")
    history = quiet(trainer, (x, t), validation=(x, t), epochs=1, train_metrics=False)
    names = ["epoch", "loss", "validation_loss", "validation_accuracy", "learning_rate", "seconds"]
    assert list(history.last) == names
    stopping = gn.EarlyStopping(monitor="accuracy")
    with pytest.raises(gn.SettingError, match="no figure 'accuracy'"):
        quiet(trainer, (x, t), train_metrics=False, callbacks=[stopping])


# -- several inputs and outputs ------------------------------------------------------------------


def forked() -> gn.Network:
    a, b = gn.Input(2, "a"), gn.Input(1, "b")
    h = gn.Tanh()(gn.Dense(6)(gn.Concatenate()(a, b)))
    kind, size = gn.Dense(3, name="kind")(h), gn.Dense(1, name="size")(h)
    return gn.Network([a, b], [kind, size], seed=0, dtype="float64")


def forked_data() -> tuple[Array, Array, Array, Array]:
    x, kind = rows()
    return x[:, :2], x[:, :1] ** 2, kind, x[:, 1]


def test_lists_and_dicts_mean_the_same() -> None:
    a, b, kind, size = forked_data()
    losses = [gn.SoftmaxCrossEntropy(), gn.MeanSquaredError()]
    by_list, by_name = forked(), forked()
    one = gn.Trainer(by_list, losses)
    two = gn.Trainer(by_name, {"size": losses[1], "kind": losses[0]})
    quiet(one, ([a, b], [kind, size]), epochs=2)
    quiet(two, ({"b": b, "a": a}, {"size": size, "kind": kind}), epochs=2)
    assert bits(by_list) == bits(by_name)


def test_each_output_has_figures_of_its_own() -> None:
    a, b, kind, size = forked_data()
    data = ([a, b], [kind, size])
    network = forked()
    losses = {"kind": gn.SoftmaxCrossEntropy(), "size": gn.MeanSquaredError()}
    trainer = gn.Trainer(network, losses, gn.SGD(0.0))
    stopping = gn.EarlyStopping(monitor="validation_size_loss")
    history = quiet(trainer, data, validation=data, epochs=1, callbacks=[stopping])
    y_kind, y_size = network([a, b])
    p = np.exp(y_kind) / np.exp(y_kind).sum(axis=1, keepdims=True)
    of_kind = -np.log(p[np.arange(21), kind]).mean()
    of_size = ((y_size[:, 0] - size) ** 2).mean()
    assert history.last["validation_kind_loss"] == pytest.approx(of_kind)
    assert history.last["validation_size_loss"] == pytest.approx(of_size)
    assert history.last["validation_loss"] == pytest.approx(of_kind + of_size)
    assert history.last["loss"] == pytest.approx(of_kind + of_size)


def test_metrics_by_output() -> None:
    a, b, kind, size = forked_data()
    data = ([a, b], [kind, size])
    losses = [gn.SoftmaxCrossEntropy(), gn.MeanSquaredError()]
    trainer = gn.Trainer(forked(), losses, metrics={"kind": "accuracy", "size": ["mae", gn.R2()]})
    stopping = gn.EarlyStopping(monitor="validation_size_r2")
    history = quiet(trainer, data, validation=data, epochs=1, callbacks=stopping)
    figures = ["loss", "kind_loss", "kind_accuracy", "size_loss", "size_mae", "size_r2"]
    assert list(trainer.evaluate(data)) == figures
    assert {f"validation_{name}" for name in figures} <= history.last.keys()
    y_kind, y_size = trainer.network([a, b])
    assert history.last["kind_accuracy"] == gn.Accuracy()(y_kind, kind)
    assert history.last["size_mae"] == pytest.approx(gn.MAE()(y_size, size[:, None]))
    only = gn.Trainer(forked(), losses, metrics={"size": "mae"})
    assert list(only.evaluate(data)) == ["loss", "kind_loss", "size_loss", "size_mae"]


def test_a_metric_that_does_not_fit_is_refused_before_training() -> None:
    a, b, kind, size = forked_data()
    network = forked()
    before = bits(network)
    trainer = gn.Trainer(
        network, [gn.SoftmaxCrossEntropy(), gn.MeanSquaredError()], metrics=["accuracy"]
    )
    message = r"accuracy does not fit the output 'size'; metrics=\{'size': …\}.*0 or 1"
    with pytest.raises(gn.DataError, match=message):
        quiet(trainer, ([a, b], [kind, size]))
    assert bits(network) == before


def test_a_metric_is_tried_on_every_target_and_on_those_held_out() -> None:
    """Only the last row says that several answers are right."""
    x, t = rows(30)
    t = gn.one_hot(t, 3)
    several = np.concatenate([t[:-1], [[1, 0, 1]]])
    network = plain(outputs=3)
    before = bits(network)
    trainer = gn.Trainer(network, gn.SigmoidCrossEntropy(), metrics="accuracy")
    with pytest.raises(gn.DataError, match=r"accuracy does not fit .* one class a row"):
        quiet(trainer, (x, several))
    with pytest.raises(gn.DataError, match="In the validation set: The metric accuracy"):
        quiet(trainer, (x, t), validation=(x, several), train_metrics=False)
    assert bits(network) == before


def test_what_is_given_for_several_outputs_has_to_fit() -> None:
    a, b, kind, size = forked_data()
    with pytest.raises(gn.ShapeError, match=r"2 losses.*'kind', 'size'"):
        gn.Trainer(forked(), gn.MeanSquaredError())
    trainer = gn.Trainer(forked(), [gn.SoftmaxCrossEntropy(), gn.MeanSquaredError()])
    with pytest.raises(gn.ShapeError, match="inputs are called 'a', 'b', got 'a'"):
        quiet(trainer, ({"a": a}, [kind, size]))
    with pytest.raises(gn.ShapeError, match="2 targets"):
        quiet(trainer, ([a, b], kind))
    with pytest.raises(gn.ShapeError, match="21 rows came with 20 targets for 'size'"):
        quiet(trainer, ([a, b], [kind, size[:-1]]))
    with pytest.raises(gn.SettingError, match="one output"):
        quiet(trainer, ([a, b], [kind, size]), class_weight="balanced")


# -- what cannot be trained ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer": "adamm"}, "'adamm'. Did you mean 'adam'"),
        ({"optimizer": gn.Adam}, r"such as gn\.Adam\(1e-3\).*, got the class Adam itself"),
        ({"optimizer": ["adam"]}, r"optimizer expects .*got \['adam'\]"),
        ({"metrics": gn.Accuracy}, r"such as .*gn\.Accuracy\(\), got the class Accuracy itself"),
        ({"metrics": ["mae", 3]}, "metrics expects .* got 3"),
        ({"metrics": {"dense_3": "mae"}}, "no output 'dense_3'. Did you mean 'dense_2'"),
        ({"metrics": {"dense_2": gn.MAE}}, "got the class MAE itself"),
        ({"metrics": ["acuracy"]}, "Did you mean 'accuracy'"),
        ({"metrics": "acuracy"}, "Did you mean 'accuracy'"),
        ({"engine": "nativ"}, "no engine 'nativ'.*auto, native, numpy"),
        ({"engine": ["numpy"]}, r"no engine \['numpy'\]"),
        ({"seed": "a"}, "A seed is a whole number .* got 'a'"),
        ({"seed": 1.5}, "A seed is .* got 1.5"),
        ({"penalties": gn.L2}, r"such as gn\.L2\(1e-4\), got the class L2 itself"),
        ({"penalties": 1e-4}, r"penalties expects .* got 0\.0001"),
        ({"clipping": [gn.ClipNorm(1.0)]}, "clipping expects"),
        ({"penalties": ["l2"]}, r"penalties expects something such as gn\.L2.*, got 'l2'"),
        ({"clipping": 1.0}, r"clipping expects something such as gn\.ClipNorm.*, got 1\.0"),
        ({"network": gn.Dense(1)}, r"network expects something such as gn\.Sequential"),
        ({"loss": "mse"}, "loss such as gn.SoftmaxCrossEntropy"),
        ({"loss": gn.MeanSquaredError}, "loss such as gn.SoftmaxCrossEntropy"),
    ],
)
def test_unknown_parts_are_named(settings: dict[str, Any], message: str) -> None:
    parts: dict[str, Any] = {"network": plain(), "loss": gn.MeanSquaredError()} | settings
    with pytest.raises(gn.SettingError, match=message):
        gn.Trainer(**parts)


@pytest.mark.parametrize(
    ("plan", "error", "message"),
    [
        ({"epochs": 0}, gn.SettingError, "epochs is a whole number from 1, got 0"),
        ({"epochs": 2.5}, gn.SettingError, "got 2.5"),
        ({"batch_size": 0}, gn.SettingError, "batch_size is a whole number from 1, got 0"),
        ({"batch_size": 22}, gn.DataError, "which has 21 rows. Use a batch size of at most 21"),
        (
            {"callbacks": [gn.Progress]},
            gn.SettingError,
            "callbacks expects something such as gn.Early",
        ),
        ({"callbacks": gn.EarlyStopping}, gn.SettingError, "got the class EarlyStopping itself"),
        (
            {"validation": ([[0.0, np.nan]], [1])},
            gn.DataError,
            "In the validation set: x .*NaN.*row 0, column 1",
        ),
        ({"validation": ([[0.0, 1.0]], [3])}, gn.DataError, "In the validation set: .*from 0 to 2"),
    ],
)
def test_a_plan_that_cannot_be(plan: dict[str, Any], error: type[Exception], message: str) -> None:
    network = restless()
    before = bits(network)
    with pytest.raises(error, match=message):
        quiet(classifier(network), rows(), **plan)
    assert bits(network) == before


def test_a_clipping_of_ones_own_is_used() -> None:
    class Freeze(Clipping):
        def __call__(self, gradients: dict[str, Array]) -> dict[str, Array]:
            return {name: 0 * g for name, g in gradients.items()}

    network = plain(outputs=3)
    before = bits(network)
    quiet(classifier(network, optimizer="sgd", clipping=Freeze(1.0)), rows(), epochs=1)
    assert bits(network) == before


def test_one_of_a_kind_needs_no_list_and_none_is_none() -> None:
    one, listed = plain(outputs=3), plain(outputs=3)
    note = Moments()
    trainer = classifier(one, metrics=None, penalties=None)
    quiet(trainer, rows(), epochs=1, callbacks=note)
    quiet(classifier(listed), rows(), epochs=1, callbacks=None)
    assert note.seen[0] == "start"
    assert bits(one) == bits(listed)


def test_x_and_t_are_one_argument() -> None:
    x, t = rows()
    trainer: Any = classifier(plain(outputs=3))
    for method in (trainer.fit, trainer.evaluate):
        with pytest.raises(gn.DataError, match=rf"one pair, {method.__name__}\(\(x, t\)\)"):
            method(x, t)


def test_one_class_only_is_nothing_to_learn() -> None:
    net = gn.Sequential([gn.Dense(2)], 3, seed=0)
    trainer = gn.Trainer(net, gn.SoftmaxCrossEntropy())
    with pytest.raises(gn.DataError, match="All 4 rows are of class 1: there is nothing to tell"):
        trainer.fit((np.zeros((4, 3)), np.ones(4, int)), progress=False)
    trainer.fit((np.zeros((1, 3)), [1]), epochs=1, progress=False)
