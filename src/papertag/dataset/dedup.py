"""Exact and near duplicates across all sources: found, checked by exact similarity, merged, reported.

Two records are one paper when

- they have the same arXiv id (versions and ways of writing it do not count), or the same other id and
  titles or texts that agree: ids cut from titles do collide;
- they have the same title and abstracts that are nearly the same, or one of them has hardly any abstract:
  different papers with the same title stay;
- title and abstract together are nearly the same.

So are the records that a chain of such pairs connects.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from papertag.dataset.clusters import Clusters, Reason
from papertag.dataset.lsh import candidate_groups
from papertag.dataset.merge import arxiv_key, merge, survivor
from papertag.dataset.shingles import Similarity
from papertag.errors import UserError
from papertag.paper import Paper, title_key

# An id or a title that more records share ("Editorial") identifies nothing, and to compare each with each would
# take for ever.
_SHARED = 100


@dataclass
class DedupConfig:
    """What counts as a duplicate. Similarities are Jaccard similarities of the sets of word n-grams.

    Attributes:
        threshold: similarity of title and abstract from which two records are one paper.
        title_threshold: similarity of the abstracts from which two records of the same title are one paper.
        ngram: words in an n-gram.
        min_words: an abstract of fewer words is too short to compare; the title alone decides.
        seed: of the MinHash functions.
    """

    threshold: float = 0.8
    title_threshold: float = 0.3
    ngram: int = 3
    min_words: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0.5 <= self.threshold <= 1:
            raise UserError(f"dedup.threshold={self.threshold} must be between 0.5 and 1")
        if not 0 < self.title_threshold <= 1:
            raise UserError(f"dedup.title_threshold={self.title_threshold} must be above 0 and at most 1")
        if not 1 <= self.ngram <= 16:
            raise UserError(f"dedup.ngram={self.ngram} must be between 1 and 16")
        if self.min_words < 1:
            raise UserError(f"dedup.min_words={self.min_words} must be at least 1")
        if not 0 <= self.seed < 2**32:
            raise UserError(f"dedup.seed={self.seed} must be between 0 and {2**32 - 1}")


@dataclass(frozen=True, slots=True)
class Merge:
    """One record that was merged into another.

    `similarity` is that of the two texts. `via` is the id of the record that the link was found through,
    where `kept` and `merged` are the ends of a longer chain.
    """

    kept: str
    merged: str
    reason: Reason
    similarity: float
    sources: tuple[str, str]
    via: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object for a line of ``duplicates.jsonl``."""
        record: dict[str, Any] = {
            "kept": self.kept,
            "merged": self.merged,
            "reason": self.reason.value,
            "similarity": round(self.similarity, 4),
            "sources": list(self.sources),
        }
        return record if self.via is None else {**record, "via": self.via}


@dataclass(frozen=True, slots=True)
class Deduplicated:
    """Papers without duplicates.

    Attributes:
        papers: the survivors, in the order of the records; no id stands twice.
        kept: the position of every survivor among the records.
        merged: for every survivor, the positions of the records merged into it.
        merges: the report, one entry a record that is gone.
        renamed: (id, new id) of papers whose id belongs to another, different paper.
    """

    papers: list[Paper]
    kept: list[int]
    merged: list[list[int]]
    merges: list[Merge]
    renamed: list[tuple[str, str]]


def deduplicate(
    records: Sequence[Paper],
    config: DedupConfig,
    *,
    annotated: Sequence[bool],
    holdout: Sequence[str | None],
    advance: Callable[[int], object] = lambda count: None,
) -> Deduplicated:
    """Merge the records that are one paper.

    Args:
        records: papers of all sources, in order.
        config: what counts as a duplicate.
        annotated: for every record, whether it has an annotation; such a record is kept before others.
        holdout: for every record, the split it is fixed to, if any; such a record is kept before all others,
            with its text as it is.
        advance: called with the number of records done since the last call.

    Raises:
        UserError: records fixed to different splits are one paper.
    """
    similarity = Similarity(lambda i: records[i].text, config.ngram)
    clusters = find_duplicates(records, similarity, config, advance)
    groups = list(clusters.groups())
    similarity.prepare(i for group in groups if not _copies(group, records) for i in group)
    gone: set[int] = set()
    result: dict[int, tuple[Paper, list[int]]] = {}
    merges: list[Merge] = []
    for group in groups:
        _check_holdouts(group, records, holdout)
        kept = survivor(group, records, annotated, holdout)
        others = [i for i in group if i != kept]
        gone.update(others)
        whole = merge(records[kept], [records[i] for i in others], config.min_words, holdout[kept] is not None)
        result[kept] = whole, others
        for i, via, reason in clusters.links_from(kept):
            merges.append(
                Merge(
                    records[kept].id,
                    records[i].id,
                    reason,
                    similarity(kept, i),
                    (records[kept].source, records[i].source),
                    None if via == kept else records[via].id,
                )
            )
    survivors = [i for i in range(len(records)) if i not in gone]
    papers = [result[i][0] if i in result else records[i] for i in survivors]
    merged = [result[i][1] if i in result else [] for i in survivors]
    papers, renamed = _unique_ids(papers)
    return Deduplicated(papers, survivors, merged, merges, renamed)


def find_duplicates(
    records: Sequence[Paper],
    similarity: Similarity,
    config: DedupConfig,
    advance: Callable[[int], object],
) -> Clusters:
    """Return the clusters of records that are one paper."""
    clusters = Clusters(len(records))
    keys = [title_key(paper.title) or paper.title for paper in records]
    # Copies are set aside first: what is left to compare stays small however often a listing is given.
    first_copies = _link_copies(records, clusters)
    _link_ids(records, keys, similarity, config, clusters)
    short = [len(paper.abstract.split()) < config.min_words for paper in records]
    _link_titles(first_copies, records, keys, short, config, clusters)

    long = [i for i in first_copies if not short[i]]
    advance(len(records) - len(long))
    failed: set[tuple[int, int]] = set()
    groups = candidate_groups(
        len(long),
        lambda i: records[long[i]].text,
        ngram=config.ngram,
        threshold=config.threshold,
        seed=config.seed,
        advance=advance,
    )
    for group in groups:
        members = [long[i] for i in group]
        for pair in combinations(members, 2):
            if pair in failed or clusters.joined(*pair):
                continue
            similarity.prepare(members)
            if similarity(*pair) >= config.threshold:
                clusters.link(*pair, Reason.NEAR)
            else:
                failed.add(pair)
    return clusters


def _link_copies(records: Sequence[Paper], clusters: Clusters) -> list[int]:
    """Link records of the same text; return the first record of every text."""
    first: dict[tuple[str, str], int] = {}
    for i, paper in enumerate(records):
        j = first.setdefault((paper.title, paper.abstract), i)
        if i != j:
            same = _id_key(records[i]) == _id_key(records[j])
            clusters.link(j, i, Reason.EXACT_ID if same else Reason.EXACT_TITLE)
    return sorted(first.values())


def _link_ids(
    records: Sequence[Paper],
    keys: Sequence[str],
    similarity: Similarity,
    config: DedupConfig,
    clusters: Clusters,
) -> None:
    ids = [_id_key(paper) for paper in records]
    first = {(ids[i], paper.title, paper.abstract): i for i, paper in reversed(list(enumerate(records)))}
    candidates = sorted(first.values())
    for group in _grouped(candidates, [ids[i] for i in candidates]):
        if arxiv_key(records[group[0]]) is not None:
            for i in group:
                clusters.link(group[0], i, Reason.EXACT_ID)
        elif len(group) <= _SHARED:
            for a, b in combinations(group, 2):
                if clusters.joined(a, b):
                    continue
                if keys[a] == keys[b] or similarity(a, b) >= config.title_threshold:
                    clusters.link(a, b, Reason.EXACT_ID)


def _link_titles(
    candidates: Sequence[int],
    records: Sequence[Paper],
    keys: Sequence[str],
    short: Sequence[bool],
    config: DedupConfig,
    clusters: Clusters,
) -> None:
    """Link records of the same title.

    One that has hardly any abstract joins one of them only, the first where its id does not tell which, lest it
    make one paper of two.
    """
    groups = list(_grouped(candidates, [keys[i] for i in candidates]))
    # The abstracts alone: a long title would make different abstracts look alike.
    similarity = Similarity(lambda i: records[i].abstract, config.ngram)
    similarity.prepare(i for group in groups for i in group)
    for group in groups:
        whole = [i for i in group if not short[i]]
        if len(whole) <= _SHARED:
            for a, b in combinations(whole, 2):
                if not clusters.joined(a, b) and similarity(a, b) >= config.title_threshold:
                    clusters.link(a, b, Reason.EXACT_TITLE)
        for i in group:
            if short[i]:
                known = (j for j in whole if clusters.joined(i, j))
                clusters.link(next(known, (whole or group)[0]), i, Reason.EXACT_TITLE)


def _copies(group: Sequence[int], records: Sequence[Paper]) -> bool:
    return len({(records[i].title, records[i].abstract) for i in group}) == 1


def _id_key(paper: Paper) -> str:
    return arxiv_key(paper) or paper.id


def _grouped(items: Sequence[int], keys: Sequence[str]) -> Iterator[list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for item, key in zip(items, keys, strict=True):
        groups[key].append(item)
    return (group for group in groups.values() if len(group) > 1)


def _check_holdouts(group: list[int], records: Sequence[Paper], holdout: Sequence[str | None]) -> None:
    fixed = {split: i for i in reversed(group) if (split := holdout[i]) is not None}
    if len(fixed) > 1:
        named = " and ".join(
            f"{records[i].id!r} ({records[i].title!r}) of split.{split}" for split, i in sorted(fixed.items())
        )
        raise UserError(f"{named} are the same or nearly the same paper: take it out of one of the two files")


def _unique_ids(papers: list[Paper]) -> tuple[list[Paper], list[tuple[str, str]]]:
    taken = {paper.id for paper in papers}
    seen: set[str] = set()
    renamed: list[tuple[str, str]] = []
    result = []
    for paper in papers:
        if paper.id in seen:
            number = 2
            while f"{paper.id}~{number}" in taken:
                number += 1
            new = f"{paper.id}~{number}"
            renamed.append((paper.id, new))
            taken.add(new)
            paper = replace(paper, id=new)
        seen.add(paper.id)
        result.append(paper)
    return result, renamed
