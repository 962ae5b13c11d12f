import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from papertag import UserError
from papertag.models.losses import LossConfig, LossKind, MultiLabelLoss

LOGITS = torch.tensor([[2.0, -1.0, 0.5], [-3.0, 0.2, 1.0]])
HARD = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
SOFT = torch.tensor([[0.9, 0.1, 0.6], [0.2, 0.5, 0.0]])
RATE = torch.tensor([0.5, 0.1, 0.2])


def loss(kind, targets=HARD, logits=LOGITS, **settings):
    return MultiLabelLoss(LossConfig(kind=kind, **settings), RATE)(logits, targets)


def test_bce_without_weights_is_plain_cross_entropy_also_for_soft_labels():
    for targets in (HARD, SOFT):
        expected = F.binary_cross_entropy_with_logits(LOGITS, targets)
        assert torch.allclose(loss(LossKind.bce, targets, pos_weight_power=0.0), expected)


def test_positive_weights_make_a_missed_rare_positive_dearer_than_a_frequent_one():
    wrong = torch.full((1, 3), -2.0)
    frequent = loss(LossKind.bce, torch.tensor([[1.0, 0.0, 0.0]]), wrong, pos_weight_power=1.0)
    rare = loss(LossKind.bce, torch.tensor([[0.0, 1.0, 0.0]]), wrong, pos_weight_power=1.0)
    assert rare > 5 * frequent


def test_focal_with_gamma_0_is_cross_entropy_and_gamma_discounts_easy_examples_more():
    assert torch.allclose(loss(LossKind.focal, gamma=0.0), F.binary_cross_entropy_with_logits(LOGITS, HARD))
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


@pytest.mark.parametrize("kind", list(LossKind))
def test_every_loss_is_smallest_near_the_labels_and_has_finite_gradients(kind):
    right = (HARD * 2 - 1) * 5
    assert loss(kind, logits=right) < loss(kind) < loss(kind, logits=-right)
    for extreme in (80.0, -80.0):
        logits = torch.full((2, 3), extreme, requires_grad=True)
        loss(kind, SOFT, logits).backward()
        assert torch.isfinite(logits.grad).all()


def test_label_smoothing_moves_targets_towards_a_half():
    smoothed = loss(LossKind.bce, pos_weight_power=0.0, label_smoothing=0.2)
    expected = F.binary_cross_entropy_with_logits(LOGITS, HARD * 0.8 + 0.1)
    assert torch.allclose(smoothed, expected)


@pytest.mark.parametrize("bad", [{"gamma": -1.0}, {"clip": 1.0}, {"label_smoothing": 1.0}, {"pos_weight_power": -0.1}])
def test_constants_out_of_range_are_named(bad):
    with pytest.raises(UserError, match=next(iter(bad))):
        LossConfig(**bad)
