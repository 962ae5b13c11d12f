import math

import pytest
import torch
import yaml
from torch.nn import functional as F  # noqa: N812

from papertag import UserError
from papertag.config import config_dir
from papertag.models.losses import LossConfig, LossKind, MultiLabelLoss

LOGITS = torch.tensor([[2.0, -1.0, 0.5], [-3.0, 0.2, 1.0]])
HARD = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
SOFT = torch.tensor([[0.9, 0.1, 0.6], [0.2, 0.5, 0.0]])
RATE = torch.tensor([0.5, 0.1, 0.2])
BCE = F.binary_cross_entropy_with_logits


def shipped(kind, **settings):
    """The loss with the constants that it ships with, but for `settings`."""
    file = config_dir() / "loss" / f"{kind.value.replace('_', '-')}.yaml"
    return LossConfig(**(yaml.safe_load(file.read_text()) | {"kind": kind} | settings))


def loss(kind, targets=HARD, logits=LOGITS, **settings):
    return MultiLabelLoss(shipped(kind, **settings), RATE)(logits, targets)


def softplus(x):
    return math.log1p(math.exp(x))


def test_bce_without_weights_is_plain_cross_entropy_also_for_soft_labels():
    for targets in (HARD, SOFT):
        assert torch.allclose(loss(LossKind.bce, targets, pos_weight_power=0.0), BCE(LOGITS, targets))


def test_positive_weights_make_a_missed_rare_positive_dearer_than_a_frequent_one():
    wrong = torch.full((1, 3), -2.0)
    frequent = loss(LossKind.bce, torch.tensor([[1.0, 0.0, 0.0]]), wrong, pos_weight_power=1.0)
    rare = loss(LossKind.bce, torch.tensor([[0.0, 1.0, 0.0]]), wrong, pos_weight_power=1.0)
    assert rare > 5 * frequent


def test_focal_with_gamma_0_is_cross_entropy_and_gamma_discounts_easy_examples_more():
    assert torch.allclose(loss(LossKind.focal, gamma=0.0), BCE(LOGITS, HARD))
    easy, hard = torch.tensor([[4.0, -4.0, 4.0]]), torch.tensor([[-1.0, 1.0, -1.0]])
    target = torch.tensor([[1.0, 0.0, 1.0]])
    ratios = [
        loss(LossKind.focal, target, x, gamma=2.0) / loss(LossKind.focal, target, x, gamma=0.0) for x in (easy, hard)
    ]
    assert ratios[0] < 0.01 < ratios[1]


def test_asymmetric_forgives_easy_negatives_and_never_positives():
    settings = {"gamma_positive": 0.0, "gamma_negative": 4.0, "clip": 0.05}
    negatives = loss(LossKind.asymmetric, torch.zeros(1, 3), torch.full((1, 3), -3.0), **settings)
    positives = loss(LossKind.asymmetric, torch.ones(1, 3), torch.full((1, 3), -3.0), **settings)
    assert negatives.item() == pytest.approx(0.0, abs=1e-7)
    assert positives.item() == pytest.approx(-F.logsigmoid(torch.tensor(-3.0)).item())


def test_ldr_at_temperature_1_without_margin_is_cross_entropy_also_for_soft_labels():
    for targets in (HARD, SOFT):
        assert torch.allclose(loss(LossKind.ldr, targets, temperature=1.0, margin=0.0), BCE(LOGITS, targets))


def test_ldr_nears_the_hinge_loss_as_the_temperature_falls():
    hinge = (1 - (2 * HARD - 1) * LOGITS).clamp(min=0).mean()
    assert torch.allclose(loss(LossKind.ldr, temperature=1e-4, margin=1.0), hinge, atol=1e-3)


def test_ldr_nears_a_line_as_the_temperature_rises_so_that_a_wrong_label_pulls_no_harder_than_a_right_one():
    logits = torch.tensor([[-6.0, 6.0, 6.0]], requires_grad=True)
    loss(LossKind.ldr, torch.ones(1, 3), logits, temperature=1e4, margin=1.0).backward()
    assert torch.allclose(logits.grad, torch.full((1, 3), -0.5 / 3), atol=1e-3)


def test_ldr_is_the_papers_maximum_over_distributions_of_the_two_classes():
    """The definition, solved on a grid, for one positive with logit 0.4; the constant t log 2 is left out."""
    t, c, z = 0.7, 1.5, 0.4
    p = torch.linspace(1e-6, 1 - 1e-6, 200_001, dtype=torch.float64)
    divergence = p * (2 * p).log() + (1 - p) * (2 * (1 - p)).log()
    defined = (p * (c - z) - t * divergence).max().item()
    computed = loss(LossKind.ldr, torch.ones(1, 3), torch.full((1, 3), z), temperature=t, margin=c).item()
    assert computed - t * math.log(2) == pytest.approx(defined, abs=1e-5)


PLAIN = {"map_alpha": 0.5, "map_beta": 0.0, "map_mu": 0.0, "negative_scale": 1.0, "bias_scale": 0.0}


def test_distribution_balanced_without_weights_and_tolerance_is_cross_entropy_also_for_soft_labels():
    for targets in (HARD, SOFT):
        assert torch.allclose(loss(LossKind.distribution_balanced, targets, **PLAIN), BCE(LOGITS, targets))


def test_distribution_balanced_by_hand():
    """Labels 1, 0, 1 of areas with frequencies 0.5, 0.1, 0.2: 1 / n is 2, 10, 5 and adds up to 7 over the labels."""
    settings = {"map_alpha": 0.1, "map_beta": 10.0, "map_mu": 0.2, "negative_scale": 2.0, "bias_scale": 0.5}
    weights = [0.1 + 1 / (1 + math.exp(-10 * (share - 0.2))) for share in (2 / 7, 10 / 7, 5 / 7)]
    moved = [z + 0.25 * math.log(n / (1 - n)) for z, n in zip(LOGITS[0].tolist(), (0.5, 0.1, 0.2), strict=True)]
    costs = [softplus(-moved[0]), softplus(2 * moved[1]) / 2, softplus(-moved[2])]
    expected = sum(w * cost for w, cost in zip(weights, costs, strict=True)) / 3
    found = loss(LossKind.distribution_balanced, HARD[:1], LOGITS[:1], **settings)
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_distribution_balanced_weighs_a_frequent_area_less_beside_a_rare_one_than_alone():
    weights_alone = PLAIN | {"map_alpha": 0.1, "map_beta": 10.0, "map_mu": 0.4}
    zeros = torch.zeros(1, 3, requires_grad=True)
    gradients = []
    for targets in ([[1.0, 0.0, 0.0]], [[1.0, 1.0, 0.0]]):
        [gradient] = torch.autograd.grad(
            loss(LossKind.distribution_balanced, torch.tensor(targets), zeros, **weights_alone), zeros
        )
        gradients.append(gradient[0, 0].abs().item())
    assert gradients[1] < 0.3 * gradients[0]


def test_distribution_balanced_bears_a_paper_without_areas():
    found = loss(LossKind.distribution_balanced, torch.zeros(1, 3), LOGITS[:1], **(PLAIN | {"map_beta": 10.0}))
    assert found.item() == pytest.approx(1.5 * BCE(LOGITS[:1], torch.zeros(1, 3)).item())


def test_distribution_balanced_pulls_right_negatives_less():
    logits = torch.full((1, 3), -2.0, requires_grad=True)
    pulls = []
    for scale in (1.0, 5.0):
        [gradient] = torch.autograd.grad(
            loss(LossKind.distribution_balanced, torch.zeros(1, 3), logits, **(PLAIN | {"negative_scale": scale})),
            logits,
        )
        pulls.append(gradient.abs().sum().item())
    assert pulls[1] < 0.01 * pulls[0]


@pytest.mark.parametrize("kind", list(LossKind))
def test_every_loss_is_smallest_near_the_labels_and_has_finite_gradients(kind):
    right = (HARD * 2 - 1) * 5
    assert loss(kind, logits=right) < loss(kind) < loss(kind, logits=-right)
    for extreme in (80.0, -80.0):
        logits = torch.full((2, 3), extreme, requires_grad=True)
        loss(kind, SOFT, logits).backward()
        assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("kind", list(LossKind))
def test_the_surer_a_soft_label_the_higher_the_logit_that_every_loss_wants(kind):
    grid = torch.linspace(-6, 6, 121)
    wanted = []
    for y in (0.1, 0.5, 0.9):
        costs = [loss(kind, torch.full((1, 3), y), torch.full((1, 3), z)).item() for z in grid.tolist()]
        wanted.append(grid[costs.index(min(costs))].item())
    assert wanted[0] < wanted[1] < wanted[2]


@pytest.mark.parametrize("kind", list(LossKind))
def test_label_smoothing_moves_targets_towards_a_half(kind):
    smoothed = loss(kind, label_smoothing=0.2)
    if kind is LossKind.distribution_balanced:
        assert loss(kind) < smoothed < loss(kind, label_smoothing=0.5)
    else:
        assert torch.allclose(smoothed, loss(kind, HARD * 0.8 + 0.1))


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        (LossKind.focal, {"gamma": -1.0}),
        (LossKind.asymmetric, {"clip": 1.0}),
        (LossKind.bce, {"label_smoothing": 1.0}),
        (LossKind.bce, {"pos_weight_power": -0.1}),
        (LossKind.ldr, {"temperature": 0.0}),
        (LossKind.distribution_balanced, {"negative_scale": 0.0}),
        (LossKind.distribution_balanced, {"map_mu": -0.1}),
        (LossKind.focal, {"gamma": None}),
        (LossKind.focal, {"clip": 0.1}),
    ],
)
def test_constants_that_make_no_sense_are_named(kind, bad):
    with pytest.raises(UserError, match=next(iter(bad))):
        shipped(kind, **bad)


def test_every_loss_ships_with_a_configuration():
    choices = {file.stem for file in (config_dir() / "loss").glob("*.yaml")}
    assert choices == {kind.value.replace("_", "-") for kind in LossKind}
