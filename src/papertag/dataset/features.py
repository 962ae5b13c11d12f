"""The columns of a dataset: their types, and papers with their labels turned into Arrow batches of them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from datasets import Features, List, Value
from numpy.typing import NDArray

from papertag.dataset.labeled import LabeledPapers, hard
from papertag.labeling import Vote
from papertag.taxonomy import Taxonomy


def features(areas: int) -> Any:
    """Return the `datasets.Features` of a dataset with so many areas; ``labels`` holds one soft label an area."""
    text, texts = Value("string"), List(Value("string"))
    vote = {"area": text, "probability": Value("float32"), "labeler": text, "evidence": text}
    return Features(
        {
            "id": text,
            "title": text,
            "abstract": text,
            "authors": texts,
            "date": text,
            "url": text,
            "venue": text,
            "categories": texts,
            "keywords": texts,
            "source": text,
            "areas": texts,
            "labels": List(Value("float32"), length=areas),
            "annotated": Value("bool"),
            "votes": List(vote),
            "merged": texts,
            "extra": text,
        }
    )


def to_batch(data: LabeledPapers, rows: NDArray[np.int64], taxonomy: Taxonomy) -> Any:
    """Return the papers at `rows` as one `pyarrow.RecordBatch` of the columns of `features`."""
    schema = features(len(taxonomy.areas)).arrow_schema
    papers = [data.papers[i] for i in rows.tolist()]
    labels = data.labels[rows]
    names = np.array(taxonomy.areas, dtype=object)
    plain: Mapping[str, Sequence[Any]] = {
        "id": [p.id for p in papers],
        "title": [p.title for p in papers],
        "abstract": [p.abstract for p in papers],
        "authors": [p.authors for p in papers],
        "date": [p.date for p in papers],
        "url": [p.url for p in papers],
        "venue": [p.venue for p in papers],
        "categories": [p.categories for p in papers],
        "keywords": [p.keywords for p in papers],
        "source": [p.source for p in papers],
        "areas": [names[row].tolist() for row in hard(labels)],
        "annotated": data.annotated[rows].tolist(),
        "merged": [data.merged[i] for i in rows.tolist()],
        "extra": [json.dumps(dict(p.extra), ensure_ascii=False, sort_keys=True, default=str) for p in papers],
    }
    columns = {name: pa.array(values, schema.field(name).type) for name, values in plain.items()}
    flat = pa.array(np.ascontiguousarray(labels, dtype=np.float32).ravel())
    columns["labels"] = pa.FixedSizeListArray.from_arrays(flat, labels.shape[1])
    columns["votes"] = _votes([data.votes_on(i) for i in rows.tolist()])
    return pa.record_batch([columns[field.name].cast(field.type) for field in schema], schema=schema)


def _votes(votes: Sequence[Sequence[Vote]]) -> Any:
    flat = [vote for of_paper in votes for vote in of_paper]
    offsets = np.concatenate(([0], np.cumsum([len(of_paper) for of_paper in votes])))
    struct = pa.StructArray.from_arrays(
        [
            pa.array([vote.area for vote in flat], pa.string()),
            pa.array([vote.probability for vote in flat], pa.float32()),
            pa.array([vote.labeler for vote in flat], pa.string()),
            pa.array([vote.evidence for vote in flat], pa.string()),
        ],
        names=["area", "probability", "labeler", "evidence"],
    )
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), struct)
