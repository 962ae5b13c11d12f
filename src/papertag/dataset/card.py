"""The card of a dataset folder: README.md with the header that `datasets` and the Hub read."""

from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from papertag.dataset.features import features
from papertag.dataset.shards import SplitSize
from papertag.labeling import LabelingReport
from papertag.taxonomy import Taxonomy

_MOST_SOURCES = 20


def write_card(
    folder: Path,
    metadata: Mapping[str, Any],
    sizes: Mapping[str, SplitSize],
    report: LabelingReport,
    taxonomy: Taxonomy,
) -> None:
    """Write ``README.md``.

    Args:
        folder: the dataset folder.
        metadata: what ``papertag.json`` holds.
        sizes: the splits.
        report: the labelers' figures.
        taxonomy: gives order and groups of the areas.
    """
    template = Template((files("papertag.dataset") / "card.md").read_text(encoding="utf-8"))
    counts: Mapping[str, Any] = metadata["splits"]
    total = sum(size.papers for size in sizes.values())
    text = template.substitute(
        summary=(
            f"{total:,} papers in {len(taxonomy.areas)} research areas of {len(taxonomy.groups)} groups "
            f"(taxonomy `{taxonomy.hash}`, fingerprint `{metadata['fingerprint']}`), "
            f"{sum(c['annotated'] for c in counts.values()):,} of them annotated."
        ),
        splits=table(
            ["split", "papers", "annotated"], [[name, c["papers"], c["annotated"]] for name, c in counts.items()]
        ),
        method=metadata["method"],
        areas=table(
            ["group", "area", *counts],
            [
                [group, area, *(c["areas"][area] for c in counts.values())]
                for group, areas in taxonomy.groups.items()
                for area in areas
            ],
        ),
        sources=_sources(counts),
        labelers=table(
            ["labeler", "coverage", "overlap", "conflict", "precision", "recall", "F1"],
            [
                [name, s.coverage, s.overlap, s.conflict, s.precision, s.recall, s.f1]
                for name, s in report.overall.items()
            ],
        ),
        duplicates=_duplicates(metadata),
    )
    header = _header(sizes, taxonomy, total)
    (folder / "README.md").write_text(f"---\n{header}\n---\n\n{text}", encoding="utf-8")


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a Markdown table; numbers stand to the right."""
    numeric = [bool(rows) and all(isinstance(row[i], int | float | None) for row in rows) for i in range(len(head))]
    lines = [
        "| " + " | ".join(head) + " |",
        "| " + " | ".join("---:" if right else "---" for right in numeric) + " |",
    ]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value).replace("|", "\\|")


def _sources(counts: Mapping[str, Any]) -> str:
    total: Counter[str] = Counter()
    for split in counts.values():
        total.update(split["sources"])
    names = [name for name, _ in total.most_common()]
    rows: list[list[Any]] = [
        [name or "unknown", *(split["sources"].get(name, 0) for split in counts.values())]
        for name in names[:_MOST_SOURCES]
    ]
    if rest := names[_MOST_SOURCES:]:
        sums = (sum(split["sources"].get(name, 0) for name in rest) for split in counts.values())
        rows.append([f"{len(rest)} others, see `papertag.json`", *sums])
    return table(["source", *counts], rows)


def _duplicates(metadata: Mapping[str, Any]) -> str:
    reasons = ", ".join(f"{number:,} {reason}" for reason, number in metadata["duplicates_by_reason"].items())
    lines = [f"{metadata['duplicates']:,} records were merged into others ({reasons}): see `duplicates.jsonl`."]
    lines += [
        f"{number:,} {what}: see `{name}.jsonl`."
        for name, what in (
            ("rejects", "records of the input gave no paper"),
            ("renamed", "papers got a new id, since theirs is that of a different paper"),
            ("left_out", "papers stand in no split, since they have no annotation and a date of validation or test"),
            ("unmatched_annotations", "annotations met no paper"),
            ("annotation_conflicts", "annotations of the same paper differ"),
        )
        if (number := metadata[name])
    ]
    return "\n\n".join(lines)


def _header(sizes: Mapping[str, SplitSize], taxonomy: Taxonomy, total: int) -> str:
    from datasets import DatasetInfo, SplitDict, SplitInfo
    from datasets.info import DatasetInfosDict
    from huggingface_hub import DatasetCardData

    splits = SplitDict()
    for name, size in sizes.items():
        splits.add(SplitInfo(name, num_bytes=size.bytes, num_examples=size.papers))
    info = DatasetInfo(
        features=features(len(taxonomy.areas)),
        splits=splits,
        download_size=sum(size.disk for size in sizes.values()),
        dataset_size=sum(size.bytes for size in sizes.values()),
    )
    category = next(c for limit, c in _CATEGORIES if total < limit)
    card = DatasetCardData(
        pretty_name="Papers by research area",
        task_categories=["text-classification"],
        task_ids=["multi-label-classification"],
        size_categories=[category],
        tags=["papertag"],
        configs=[
            {
                "config_name": "default",
                "data_files": [{"split": name, "path": f"data/{name}-*.parquet"} for name in sizes],
            }
        ],
    )
    DatasetInfosDict({"default": info}).to_dataset_card_data(card)
    return str(card.to_yaml())


_CATEGORIES = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
    (float("inf"), "n>10M"),
)
