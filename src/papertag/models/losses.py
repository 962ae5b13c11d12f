"""Losses over independent areas; every one takes soft labels between 0 and 1."""

from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from papertag.errors import UserError


class LossKind(Enum):
    """The losses to choose from."""

    bce = "bce"
    focal = "focal"
    asymmetric = "asymmetric"


@dataclass
class LossConfig:
    """Which loss, and its constants.

    Attributes:
        kind: bce, focal or asymmetric.
        pos_weight_power: bce: positives of an area weigh (negatives / positives) ** power; 0 weighs all alike.
        label_smoothing: targets move this far towards 0.5.
        gamma: focal: how strongly easy examples are discounted.
        gamma_negative: asymmetric: the discount of easy negatives.
        gamma_positive: asymmetric: the discount of easy positives.
        clip: asymmetric: probability below which negatives cost nothing.
    """

    kind: LossKind = LossKind.bce
    pos_weight_power: float = 0.3
    label_smoothing: float = 0.0
    gamma: float = 2.0
    gamma_negative: float = 4.0
    gamma_positive: float = 0.0
    clip: float = 0.05

    def __post_init__(self) -> None:
        if not 0 <= self.label_smoothing < 1:
            raise UserError(f"loss.label_smoothing={self.label_smoothing} must be at least 0 and less than 1")
        if not 0 <= self.clip < 1:
            raise UserError(f"loss.clip={self.clip} must be at least 0 and less than 1")
        for name in ("pos_weight_power", "gamma", "gamma_negative", "gamma_positive"):
            if getattr(self, name) < 0:
                raise UserError(f"loss.{name}={getattr(self, name)} must not be negative")


class MultiLabelLoss(nn.Module):
    """The mean over papers and areas of one of the losses.

    Called with logits and targets of shape (papers, areas); returns a scalar.
    """

    pos_weight: Tensor

    def __init__(self, config: LossConfig, positive_rate: Tensor) -> None:
        """Set up the loss; `positive_rate` is each area's share of positives, shape (areas,)."""
        super().__init__()
        self.config = config
        rate = positive_rate.clamp(1e-4, 1 - 1e-4)
        self.register_buffer("pos_weight", ((1 - rate) / rate) ** config.pos_weight_power)

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss."""
        config = self.config
        logits = logits.float()
        targets = targets * (1 - config.label_smoothing) + 0.5 * config.label_smoothing
        if config.kind is LossKind.bce:
            return F.binary_cross_entropy_with_logits(logits, targets, pos_weight=self.pos_weight)
        if config.kind is LossKind.focal:
            return _focal(logits, targets, config.gamma).mean()
        return _asymmetric(logits, targets, config).mean()


def _focal(logits: Tensor, targets: Tensor, gamma: float) -> Tensor:
    """Focal loss (Lin et al. 2017, arXiv 1708.02002), its modulating factor |target - p| for soft targets."""
    cross_entropy = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return (targets - logits.sigmoid()).abs() ** gamma * cross_entropy


def _asymmetric(logits: Tensor, targets: Tensor, config: LossConfig) -> Tensor:
    """Asymmetric loss (Ridnik et al. 2021, arXiv 2009.14119), linear in soft targets."""
    probability = logits.sigmoid()
    shifted = (probability - config.clip).clamp(min=0)
    positive = (1 - probability) ** config.gamma_positive * F.logsigmoid(logits)
    negative = shifted**config.gamma_negative * torch.log1p(-shifted.clamp(max=1 - 1e-7))
    return -(targets * positive + (1 - targets) * negative)
