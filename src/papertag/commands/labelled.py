"""Labelled papers to score a tagger on."""

from collections.abc import Iterable

from papertag.console import note
from papertag.errors import UserError
from papertag.paper import Paper
from papertag.taxonomy import Taxonomy


def labelled(stream: Iterable[Paper], taxonomy: Taxonomy, data: str) -> list[Paper]:
    """Return the papers that have areas, and say how many have none.

    Args:
        stream: papers.
        taxonomy: what their areas must be from.
        data: what the user named, for messages.

    Raises:
        UserError: an area is unknown, or no paper has areas.
    """
    papers = []
    unlabelled = 0
    for paper in stream:
        if paper.areas is None:
            unlabelled += 1
            continue
        taxonomy.check(paper.areas, f"data={data}: paper {paper.id}")
        papers.append(paper)
    if not papers:
        raise UserError(f"data={data} has no labelled papers: each needs a list 'areas' (unlabelled: {unlabelled})")
    if unlabelled:
        note(f"{unlabelled:,} papers without areas are left out of the evaluation")
    return papers
