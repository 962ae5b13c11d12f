"""From records to a dataset folder: read, annotate, deduplicate, label, split, write."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.progress import Progress

from papertag.console import progress
from papertag.dataset.clusters import Reason
from papertag.dataset.dedup import DedupConfig, Deduplicated, deduplicate
from papertag.dataset.fingerprint import content_hash, fingerprint, plain
from papertag.dataset.labeled import LabeledPapers, count, hard
from papertag.dataset.split import TEST, VALIDATION, Assignment, Method, SplitConfig, assign
from papertag.dataset.write import Content, check_output, write_folder
from papertag.errors import UserError
from papertag.labeling import (
    Labeler,
    LabelingConfig,
    LabelingReport,
    SoftLabels,
    Vote,
    build_labelers,
    combine,
    measure,
)
from papertag.labeling.annotations import AnnotationLabeler
from papertag.labeling.areafile import locate
from papertag.paper import Paper, Reject
from papertag.sources import read_papers
from papertag.taxonomy import Taxonomy

_CHUNK = 2048
_UPDATE_EVERY = 512
_LEFT_OUT = "no annotation, and a date of validation or test"
_LIBRARIES = ("datasets", "iterative-stratification", "numpy", "papertag", "pyarrow", "rensa")


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did.

    Attributes:
        metadata: the content of ``papertag.json``.
        labeling: the labelers' figures.
    """

    metadata: dict[str, Any]
    labeling: LabelingReport


@dataclass(frozen=True, slots=True)
class _Records:
    papers: list[Paper]
    holdout: list[str | None]
    rejects: list[Reject]


def build_dataset(
    records: Iterable[Paper | Reject],
    output: str | Path,
    *,
    taxonomy: Taxonomy,
    labeling: LabelingConfig,
    dedup: DedupConfig,
    split: SplitConfig,
) -> Built:
    """Write the dataset folder `output`, whole or not at all. The same inputs give the same bytes.

    Args:
        records: what a source yields.
        output: the folder.
        taxonomy: the areas.
        labeling: which labelers to use.
        dedup: what counts as a duplicate.
        split: how to split, and the fixed holdouts to read.

    Raises:
        UserError: there is nothing to train on, no paper gets an area, a paper has an unknown one, a holdout paper
            has no labels or stands in two holdouts, a file of the labelers cannot be used, or `output` is something
            other than a dataset folder.
    """
    check_output(Path(output))
    labelers = build_labelers(labeling, taxonomy)
    with progress() as bar:
        read = _read(records, split, taxonomy, bar)
        # Annotations name records, so they are given out before any record is merged into another.
        annotator, *others = labelers
        assert isinstance(annotator, AnnotationLabeler)
        annotations = [
            votes and [replace(vote, evidence=_without_roots(vote.evidence)) for vote in votes]
            for votes in _votes(annotator, read.papers, bar)
        ]
        _check_holdouts(read, annotations, split)
        comparing = bar.add_task("finding duplicates", total=len(read.papers), note="")
        unique = deduplicate(
            read.papers,
            dedup,
            annotated=[votes is not None for votes in annotations],
            holdout=read.holdout,
            advance=lambda done: bar.advance(comparing, done),
        )
        votes = {annotator.name: [annotations[i] for i in unique.kept]}
        votes |= {labeler.name: _votes(labeler, unique.papers, bar) for labeler in others}
        soft = combine(votes, taxonomy)
        _check_labels(soft)
        report = measure(votes, soft, taxonomy)
        merged = [tuple(dict.fromkeys(read.papers[i].id for i in group)) for group in unique.merged]
        data = LabeledPapers(unique.papers, merged, soft.labels, soft.annotated, votes)
        assignment = assign(
            hard(soft.labels),
            soft.annotated,
            [paper.date for paper in unique.papers],
            [read.holdout[i] for i in unique.kept],
            split,
        )
        lists = {
            "rejects": [replace(reject, place=_without_roots(reject.place)).to_json() for reject in read.rejects],
            "duplicates": [merge.to_json() for merge in unique.merges],
            "renamed": [{"id": old, "new_id": new} for old, new in unique.renamed],
            "left_out": [{"id": unique.papers[i].id, "reason": _LEFT_OUT} for i in assignment.left_out.tolist()],
            "unmatched_annotations": _unmatched(annotator),
            "annotation_conflicts": _conflicts(annotator) + _conflicts_of_duplicates(read, unique, annotations),
        }
        metadata = {
            **_provenance(read, taxonomy, labeling, dedup, split),
            "method": _method(split, assignment),
            "records": len(read.papers) + len(read.rejects),
            **{name: len(lines) for name, lines in lists.items()},
            "duplicates_by_reason": {
                reason.value: sum(merge.reason is reason for merge in unique.merges) for reason in Reason
            },
            "splits": {name: count(data, rows, taxonomy) for name, rows in assignment.splits.items()},
            "taxonomy": {"hash": taxonomy.hash, "groups": taxonomy.groups},
            "versions": {name: version(name) for name in _LIBRARIES},
        }
        writing = bar.add_task("writing", total=sum(map(len, assignment.splits.values())), note="")
        content = Content(data, assignment.splits, taxonomy, metadata, report, lists)
        write_folder(Path(output), content, lambda done: bar.advance(writing, done))
    return Built(metadata, report)


def _read(records: Iterable[Paper | Reject], split: SplitConfig, taxonomy: Taxonomy, bar: Progress) -> _Records:
    read = _Records([], [], [])
    task = bar.add_task("reading", total=None, note="")

    def take(source: Iterable[Paper | Reject], holdout: str | None) -> None:
        for number, record in enumerate(source):
            if number % _UPDATE_EVERY == 0:
                bar.update(task, completed=len(read.papers))
            if isinstance(record, Reject):
                read.rejects.append(record)
            else:
                if record.areas is not None:
                    key = f"split.{holdout}={getattr(split, holdout)}" if holdout else "input="
                    taxonomy.check(record.areas, f"{key}: paper {record.id!r} ({record.title!r})")
                read.papers.append(record)
                read.holdout.append(holdout)

    take(records, None)
    if not read.papers:
        first = f"; the first reject is {read.rejects[0].place}: {read.rejects[0].reason}" if read.rejects else ""
        raise UserError(f"the input holds no papers{first}")
    for name, file in ((VALIDATION, split.validation), (TEST, split.test)):
        if file is not None:
            before = len(read.papers)
            take(read_papers(file), name)
            if len(read.papers) == before:
                raise UserError(f"split.{name}={file} holds no papers")
    bar.update(task, total=len(read.papers), completed=len(read.papers))
    return read


def _votes(labeler: Labeler, papers: Sequence[Paper], bar: Progress) -> list[list[Vote] | None]:
    task = bar.add_task(f"labeling by {labeler.name}", total=len(papers), note="")
    votes: list[list[Vote] | None] = []
    for start in range(0, len(papers), _CHUNK):
        chunk = papers[start : start + _CHUNK]
        votes += labeler.label(chunk)
        bar.advance(task, len(chunk))
    return votes


def _check_holdouts(read: _Records, annotations: Sequence[list[Vote] | None], split: SplitConfig) -> None:
    for paper, holdout, votes in zip(read.papers, read.holdout, annotations, strict=True):
        if holdout is not None and votes is None:
            raise UserError(
                f"split.{holdout}={getattr(split, holdout)}: paper {paper.id!r} ({paper.title!r}) has no areas; "
                "every paper of a holdout needs a list 'areas', or an entry in a file of labeling.annotations"
            )


def _check_labels(soft: SoftLabels) -> None:
    if not soft.annotated.any() and not soft.labels.any():
        raise UserError(
            "no paper gets an area: none is annotated, and no rule or keyword votes for one; give papers with a list "
            "'areas', labeling.annotations=FILE, or labeling.rules=FILE that knows the taxonomy's areas"
        )


def _provenance(
    read: _Records, taxonomy: Taxonomy, labeling: LabelingConfig, dedup: DedupConfig, split: SplitConfig
) -> dict[str, Any]:
    # The packaged files count by their content, as a user's own do.
    rules, keywords = (
        str(locate(name, f"{key}.yaml")) if (name := getattr(labeling, key)) else None for key in ("rules", "keywords")
    )
    configuration = {
        "labeling": plain(replace(labeling, rules=rules, keywords=keywords)),
        "dedup": plain(dedup),
        "split": plain(split),
    }
    content = content_hash(read.papers, read.holdout)
    return {"fingerprint": fingerprint(content, configuration, taxonomy.hash), "configuration": configuration}


def _method(split: SplitConfig, assignment: Assignment) -> str:
    among = "the annotated papers" if assignment.among_annotated else "all papers"
    parts = []
    for name in (VALIDATION, TEST):
        file, start, share = (getattr(split, name + end) for end in ("", "_from", "_fraction"))
        if file is not None:
            parts.append(f"{name} is the listing {Path(file).name}")
        elif split.method is Method.stratified:
            parts.append(f"{name} is {share:.0%} of {among}, stratified by area with seed {split.seed}")
        elif start is not None:
            parts.append(f"{name} is {among} from {start}")
    if split.method is Method.date:
        parts.append("a date of a year or month alone counts as its last day")
    return "; ".join(parts)


def _unmatched(annotator: AnnotationLabeler) -> list[dict[str, Any]]:
    return [
        {"place": _without_roots(a.place), "id": a.id, "title": a.title, "areas": list(a.areas)}
        for a in annotator.unmatched
    ]


def _conflicts(annotator: AnnotationLabeler) -> list[dict[str, Any]]:
    return [
        {"paper": c.paper, "places": [_without_roots(place) for place in c.places], "areas": list(c.areas)}
        for c in annotator.conflicts
    ]


def _conflicts_of_duplicates(
    read: _Records, unique: Deduplicated, annotations: Sequence[list[Vote] | None]
) -> list[dict[str, Any]]:
    """Return the records merged into one whose own annotation differs: the first annotation stands."""
    areas = [None if votes is None else sorted(vote.area for vote in votes) for votes in annotations]
    return [
        {"paper": read.papers[kept].id, "merged": read.papers[i].id, "areas": areas[kept], "merged_areas": areas[i]}
        for kept, group in zip(unique.kept, unique.merged, strict=True)
        for i in group
        if areas[i] is not None and areas[i] != areas[kept]
    ]


def _without_roots(places: str) -> str:
    """Return `places` (``file:line; file:line``) without the folders of absolute paths.

    A dataset says nothing of where it was built.
    """
    return "; ".join(Path(place).name if place.startswith("/") else place for place in places.split("; "))
