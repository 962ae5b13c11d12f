"""Several records of one paper to one: which of them is kept, and what it takes over from the others."""

from collections.abc import Sequence
from dataclasses import replace

from papertag.paper import Paper
from papertag.sources.arxiv import split_arxiv_id


def arxiv_key(paper: Paper) -> str | None:
    """Return the paper's arXiv id from its id or its address, without version and the archive's subject class."""
    for text in (paper.id, paper.url):
        if found := split_arxiv_id(text):
            archive, slash, number = found[0].lower().rpartition("/")
            return f"{archive.partition('.')[0]}{slash}{number}"
    return None


def survivor(
    group: Sequence[int],
    records: Sequence[Paper],
    annotated: Sequence[bool],
    holdout: Sequence[str | None],
) -> int:
    """Return which of `group` is kept: a holdout's record, else the first with an annotation, else the one with the
    longest abstract, of several the one with the most metadata, of several the first.
    """
    for i in group:
        if holdout[i] is not None:
            return i
    for i in group:
        if annotated[i]:
            return i
    return max(group, key=lambda i: (len(records[i].abstract), _richness(records[i]), -i))


def merge(kept: Paper, others: Sequence[Paper], min_words: int, keep_text: bool) -> Paper:
    """Return `kept` with what it lacks taken from `others`, the first that has it.

    Keywords and categories are united. A text of hardly any abstract is replaced, title and abstract together,
    by the fullest of the others, unless `keep_text`.
    """
    paper = kept
    if not keep_text and len(kept.abstract.split()) < min_words:
        fullest = max(others, key=lambda other: len(other.abstract))
        if len(fullest.abstract) > len(kept.abstract):
            paper = replace(paper, title=fullest.title, abstract=fullest.abstract)
    everyone = (kept, *others)
    extra = {key: value for other in reversed(everyone) for key, value in other.extra.items()}
    return replace(
        paper,
        authors=next((p.authors for p in everyone if p.authors), ()),
        date=next((p.date for p in everyone if p.date), ""),
        url=next((p.url for p in everyone if p.url), ""),
        venue=next((p.venue for p in everyone if p.venue), ""),
        categories=_united([p.categories for p in everyone]),
        keywords=_united([p.keywords for p in everyone]),
        areas=next((p.areas for p in everyone if p.areas is not None), None),
        extra=extra,
    )


def _richness(paper: Paper) -> int:
    return sum(map(bool, (paper.authors, paper.date, paper.url, paper.venue, paper.categories, paper.keywords)))


def _united(lists: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    united: dict[str, str] = {}
    for value in (value for values in lists for value in values):
        united.setdefault(value.casefold(), value)
    return tuple(united.values())
