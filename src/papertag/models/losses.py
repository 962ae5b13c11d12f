"""Losses over independent areas; every one takes soft labels between 0 and 1."""

from dataclasses import dataclass
from enum import Enum
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from papertag.errors import UserError
from papertag.models.kinds import check_read


class LossKind(Enum):
    """The losses to choose from."""

    bce = "bce"
    focal = "focal"
    asymmetric = "asymmetric"
    ldr = "ldr"
    distribution_balanced = "distribution_balanced"


_READS: dict[LossKind, tuple[str, ...]] = {
    LossKind.bce: (),
    LossKind.focal: ("gamma",),
    LossKind.asymmetric: ("gamma_negative", "gamma_positive", "clip"),
    LossKind.ldr: ("temperature", "margin"),
    LossKind.distribution_balanced: ("map_alpha", "map_beta", "map_mu", "negative_scale", "bias_scale"),
}


@dataclass
class LossConfig:
    """Which loss, and its constants.

    Attributes:
        kind: bce, focal, asymmetric, ldr (label-distributionally robust) or distribution_balanced.
        label_smoothing: targets move this far towards 0.5.
        pos_weight_power: bce: positives of an area weigh (negatives / positives) ** power; 0 weighs all alike.
        gamma: focal: how strongly easy examples are discounted.
        gamma_negative: asymmetric: the discount of easy negatives.
        gamma_positive: asymmetric: the discount of easy positives.
        clip: asymmetric: probability below which negatives cost nothing.
        temperature: ldr: 1 is cross-entropy, lower looks at the worst errors, higher bears more wrong labels.
        margin: ldr: by how much a logit must be on its label's side before the loss falls off.
        map_alpha: distribution_balanced: the least weight.
        map_beta: distribution_balanced: how sharply weights rise around map_mu.
        map_mu: distribution_balanced: the share at which the weight is half-way up.
        negative_scale: distribution_balanced: the slope of negatives, whose weight is divided by it.
        bias_scale: distribution_balanced: how far logits move towards the log-odds of their area's frequency.
    """

    kind: LossKind = LossKind.bce
    label_smoothing: float = 0.0
    pos_weight_power: float = 0.3
    gamma: float | None = None
    gamma_negative: float | None = None
    gamma_positive: float | None = None
    clip: float | None = None
    temperature: float | None = None
    margin: float | None = None
    map_alpha: float | None = None
    map_beta: float | None = None
    map_mu: float | None = None
    negative_scale: float | None = None
    bias_scale: float | None = None

    def __post_init__(self) -> None:
        check_read("loss", self, _READS[self.kind])
        for name in ("label_smoothing", "clip"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 1:
                raise UserError(f"loss.{name}={value} must be at least 0 and less than 1")
        for name in ("temperature", "negative_scale"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise UserError(f"loss.{name}={value} must be more than 0")
        for name in ("pos_weight_power", "gamma", "gamma_negative", "gamma_positive", "margin", "map_alpha",
                     "map_beta", "map_mu", "bias_scale"):  # fmt: skip
            value = getattr(self, name)
            if value is not None and value < 0:
                raise UserError(f"loss.{name}={value} must not be negative")


class MultiLabelLoss(nn.Module):
    """The mean over papers and areas of one of the losses.

    Called with logits and targets of shape (papers, areas); returns a scalar.
    """

    rate: Tensor

    def __init__(self, config: LossConfig, positive_rate: Tensor) -> None:
        """Set up the loss; `positive_rate` is each area's share of positives, shape (areas,)."""
        super().__init__()
        self.config = config
        self.register_buffer("rate", positive_rate.float().clamp(1e-4, 1 - 1e-4))

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss."""
        config, kind = self.config, self.config.kind
        logits = logits.float()
        smooth = targets * (1 - config.label_smoothing) + 0.5 * config.label_smoothing
        if kind is LossKind.bce:
            pos_weight = ((1 - self.rate) / self.rate) ** config.pos_weight_power
            return F.binary_cross_entropy_with_logits(logits, smooth, pos_weight=pos_weight)
        if kind is LossKind.focal:
            return _focal(logits, smooth, config).mean()
        if kind is LossKind.asymmetric:
            return _asymmetric(logits, smooth, config).mean()
        if kind is LossKind.ldr:
            return _label_distributionally_robust(logits, smooth, config).mean()
        weights = _rebalanced_weights(targets, self.rate, config)
        return (weights * _negative_tolerant(logits, smooth, self.rate, config)).mean()


def _focal(logits: Tensor, targets: Tensor, config: LossConfig) -> Tensor:
    """Focal loss (Lin et al. 2017, arXiv 1708.02002), its modulating factor |target - p| for soft targets."""
    cross_entropy = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return (targets - logits.sigmoid()).abs() ** cast(float, config.gamma) * cross_entropy


def _asymmetric(logits: Tensor, targets: Tensor, config: LossConfig) -> Tensor:
    """Asymmetric loss (Ridnik et al. 2021, arXiv 2009.14119), linear in soft targets."""
    probability = logits.sigmoid()
    shifted = (probability - cast(float, config.clip)).clamp(min=0)
    positive = (1 - probability) ** cast(float, config.gamma_positive) * F.logsigmoid(logits)
    negative = shifted ** cast(float, config.gamma_negative) * torch.log1p(-shifted.clamp(max=1 - 1e-7))
    return -(targets * positive + (1 - targets) * negative)


def _label_distributionally_robust(logits: Tensor, targets: Tensor, config: LossConfig) -> Tensor:
    """LDR-KL loss (Zhu et al. 2023, arXiv 2112.14869) of every area as a problem of two classes.

    For one label y out of K the paper weighs the margins by which other classes k beat it as badly as a KL ball
    around equal weights allows: the maximum over distributions p of sum_k p_k (f_k - f_y + c_k) - t KL(p, 1/K), with
    c_y = 0, which is t log mean_k exp((f_k - f_y + c_k) / t). Areas do not exclude each other, so there is no such
    distribution over them; each area is a problem of its own with the scores z for "yes" and 0 for "no", whose
    softmax is the sigmoid. That leaves t softplus((c - z) / t) for a positive and t softplus((c + z) / t) for a
    negative, less the constant t log 2: cross-entropy at t = 1 and c = 0, the hinge loss as t falls to 0, and, as t
    grows, a loss linear in the logit, which wrong labels sway least. Linear in soft targets.
    """
    t, c = cast(float, config.temperature), cast(float, config.margin)
    return t * (targets * F.softplus((c - logits) / t) + (1 - targets) * F.softplus((c + logits) / t))


def _rebalanced_weights(targets: Tensor, rate: Tensor, config: LossConfig) -> Tensor:
    """Weights of the distribution-balanced loss (Wu et al. 2020, arXiv 2007.09654).

    Drawing papers until all areas are equally frequent would draw a paper once for each of its areas. Area k's share
    of these draws is (1 / n_k) / sum_j y_j / n_j, n being the areas' frequencies and y the paper's own labels, through
    which their co-occurrence comes in. The weight is map_alpha + sigmoid(map_beta (share - map_mu)). For a paper
    without areas the share is without bound, and the weight 1 + map_alpha. The authors also resample and discount
    easy examples as in focal loss; neither is part of this loss.
    """
    share = 1 / (rate * (targets / rate).sum(dim=1, keepdim=True).clamp(min=1e-6))
    mapped = torch.sigmoid(cast(float, config.map_beta) * (share - cast(float, config.map_mu)))
    return cast(float, config.map_alpha) + mapped


def _negative_tolerant(logits: Tensor, targets: Tensor, rate: Tensor, config: LossConfig) -> Tensor:
    """Negative-tolerant cross-entropy of the distribution-balanced loss, linear in soft targets.

    A negative's logit is multiplied by negative_scale and its weight divided by it, so that negatives already on the
    right side pull less. All logits move by bias_scale / negative_scale times the log-odds of their area's frequency,
    as in the authors' program, so that those of a rare area need not be pushed as far down.
    """
    scale = cast(float, config.negative_scale)
    shifted = logits + cast(float, config.bias_scale) / scale * torch.logit(rate)
    return targets * F.softplus(-shifted) + (1 - targets) / scale * F.softplus(scale * shifted)
