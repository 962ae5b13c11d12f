import pytest
from torch import nn

from papertag.training.optim import Schedule, build_optimizer, build_schedule


class Encoder(nn.Module):
    """Two layers between embeddings and a head, named as encoders of transformers name theirs."""

    def __init__(self):
        super().__init__()
        self.embeddings = nn.Embedding(3, 2)
        self.encoder = nn.Module()
        self.encoder.layer = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])
        self.classifier = nn.Linear(2, 2)


def optimizer_of(model):
    return build_optimizer(model, learning_rate=1.0, head_learning_rate=5.0, layer_decay=0.5, weight_decay=0.1)


def test_rates_fall_from_the_head_to_the_embeddings_and_biases_do_not_decay():
    model = Encoder()
    groups = optimizer_of(model).param_groups
    found = {id(p): (group["lr"], group["weight_decay"]) for group in groups for p in group["params"]}
    assert {name: found[id(p)] for name, p in model.named_parameters()} == {
        "classifier.weight": (5.0, 0.1),
        "classifier.bias": (5.0, 0.0),
        "encoder.layer.1.weight": (1.0, 0.1),
        "encoder.layer.1.bias": (1.0, 0.0),
        "encoder.layer.0.weight": (0.5, 0.1),
        "encoder.layer.0.bias": (0.5, 0.0),
        "embeddings.weight": (0.25, 0.1),
    }


def test_frozen_parameters_are_left_out():
    model = Encoder()
    model.embeddings.weight.requires_grad = False
    assert sum(len(group["params"]) for group in optimizer_of(model).param_groups) == 6


@pytest.mark.parametrize("kind", list(Schedule))
def test_the_rate_rises_through_the_warmup_and_falls_to_zero(kind):
    optimizer = optimizer_of(Encoder())
    schedule = build_schedule(optimizer, kind, steps=100, warmup=0.1)
    factors = []
    for _ in range(100):
        factors.append(schedule.get_last_lr()[0] / schedule.base_lrs[0])
        optimizer.step()
        schedule.step()
    assert factors[0] == 0
    assert factors[5] == pytest.approx(0.5)
    assert factors[10] == pytest.approx(1)
    assert factors[55] == pytest.approx(0.5)
    assert factors[-1] < 0.02
