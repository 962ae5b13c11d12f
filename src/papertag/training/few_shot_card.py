"""The model card of areas learned from a few papers each."""

from collections.abc import Sequence
from typing import Any

from papertag.models.folder import Metadata

_TEMPLATE = """---
library_name: transformers
pipeline_tag: text-classification
tags: [papertag, multi-label, research-papers, few-shot]
---

# Research areas of papers: {areas} areas, {learned} of them learned from a few papers each

Made by [papertag](https://pypi.org/project/papertag) {version}, `papertag train experiment=few-shot`: rows of the last
layer from {examples:,} annotated papers and the areas' definitions, dataset `{fingerprint}`, taxonomy `{taxonomy}`.
{kept}

Input is a paper's title, a line break, and its abstract. Every area is a decision of its own.

## Learned areas, each paper scored without having been learned from

| area | F1 | precision | recall | papers | threshold |
| --- | ---: | ---: | ---: | ---: | ---: |
{rows}

Precision and F1 are those at which a share {base_rate:g} of the papers carries an area; papers without an annotation
count as negatives, so they come out low rather than high. With few papers an area these figures are rough: measure on
papers of your own, `papertag evaluate model=DIR data=PATH`.
"""


def few_shot_card(
    metadata: Metadata, held_out: dict[str, Any], kept: Sequence[str], examples: int, base_rate: float
) -> str:
    """Return the card as Markdown.

    Args:
        metadata: the model's.
        held_out: cross-validated metrics of the learned areas.
        kept: the areas that came with the model it started from.
        examples: annotated papers.
        base_rate: share of papers that carry an area.
    """
    return _TEMPLATE.format(
        areas=len(metadata.taxonomy.areas),
        learned=len(held_out["areas"]),
        version=metadata.versions["papertag"],
        examples=examples,
        base_rate=base_rate,
        fingerprint=metadata.fingerprint[:16],
        taxonomy=metadata.taxonomy.hash,
        kept=f"The encoder and the {len(kept)} other areas are those of the model it started from."
        if kept
        else "The encoder was not trained further.",
        rows="\n".join(
            f"| {area} | {r['f1']:.3f} | {r['precision']:.3f} | {r['recall']:.3f} | {r['support']} "
            f"| {r['threshold']:.3f} |"
            for area, r in held_out["areas"].items()
        ),
    )
