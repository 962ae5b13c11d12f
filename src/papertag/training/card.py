"""The model card that goes into every model folder."""

from collections.abc import Mapping
from typing import Any

from papertag.models.folder import Metadata
from papertag.models.linear import MemberKind

_TEMPLATE = """---
library_name: transformers
pipeline_tag: text-classification
tags: [papertag, multi-label, research-papers]
---

# Research areas of papers: {name}, {areas} areas

Made by [papertag](https://pypi.org/project/papertag) {version}: {name} fine-tuned ({adaptation}, {loss} loss) on
{papers:,} labelled papers, dataset `{fingerprint}`, taxonomy `{taxonomy}`.

Input is a paper's title, a line break, and its abstract. Every area is a decision of its own.

```python
from transformers import pipeline

tagger = pipeline("text-classification", "DIR", top_k=None)
tagger("A title\\nand its abstract")
```

The scores are those inside `papertag tag`, before calibration{before_member}. `papertag.json` holds the calibration
(temperature {temperature:.3f}, bias {bias:.3f}{linear}), a threshold for each area, and the taxonomy with its
definitions.

## Measured when training ended

| split | papers | micro-F1 | macro-F1 | mAP | LRAP | ECE |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
{rows}

Calibration and thresholds were fitted on validation, so its row flatters; test is untouched.

## Areas

| area | F1 | precision | recall | papers | threshold |
| --- | ---: | ---: | ---: | ---: | ---: |
{area_rows}

## Limits

It knows the areas of its taxonomy and no others, reads English abstracts as its training papers were written,
and sees the title and abstract only, never the paper.
"""


def model_card(
    name: str,
    metadata: Metadata,
    results: Mapping[str, dict[str, Any]],
    settings: Mapping[str, Any],
    papers: int,
) -> str:
    """Return the card as Markdown, its area table from the test split where there is one."""
    member = metadata.member
    keys = ("papers", "micro_f1", "macro_f1", "map", "lrap", "ece")
    rows = [
        f"| {split} | {r['papers']:,} | " + " | ".join(f"{r.get(k, float('nan')):.3f}" for k in keys[1:]) + " |"
        for split, r in results.items()
    ]
    shown = results.get("test", results["validation"])["areas"]
    area_rows = [
        f"| {area} | {r['f1']:.3f} | {r['precision']:.3f} | {r['recall']:.3f} | {r['support']} | {r['threshold']:.3f} |"
        for area, r in shown.items()
    ]
    return _TEMPLATE.format(
        name=name,
        areas=len(metadata.taxonomy.areas),
        version=metadata.versions["papertag"],
        adaptation=settings["adaptation"]["kind"],
        loss=settings["loss"]["kind"],
        papers=papers,
        fingerprint=metadata.fingerprint[:16],
        taxonomy=metadata.taxonomy.hash,
        temperature=metadata.calibration.temperature,
        bias=metadata.calibration.bias,
        before_member="" if member is MemberKind.none else " and before the linear member joins in",
        linear="" if member is MemberKind.none else f", the linear member's weight {metadata.calibration.linear:.3f}",
        rows="\n".join(rows),
        area_rows="\n".join(area_rows),
    )
