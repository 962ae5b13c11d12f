"""The papers of known ids, picked while a stream of others passes."""

from collections.abc import Iterable

from papertag.paper import Paper, title_key
from papertag.sources.arxiv import id_key, split_arxiv_id


class PapersById:
    """Keeps the papers whose ids are wanted; memory grows with the wanted ids, not with what is offered.

    The first paper of an id is kept, but one with an abstract takes the place of one without. An arXiv id is
    one paper's for good, in whatever version; ids of other making have been seen on two papers, and are told
    apart by their titles.
    """

    def __init__(self, ids: Iterable[str]) -> None:
        self._found: dict[str, dict[str, Paper]] = {id_key(id): {} for id in ids}

    def add(self, paper: Paper) -> None:
        """Keep `paper` if its id is wanted."""
        found = self._found.get(id_key(paper.id))
        if found is None:
            return
        title = "" if split_arxiv_id(paper.id) else title_key(paper.title)
        known = found.get(title)
        if known is None or (paper.abstract and not known.abstract):
            found[title] = paper

    def of(self, id: str, title: str = "") -> list[Paper]:
        """Return the papers of `id`: none, one, or several where it is not arXiv's.

        A `title` chooses the one that has it among those whose id is not arXiv's.
        """
        found = self._found.get(id_key(id), {})
        if title and not split_arxiv_id(id):
            return [paper for key, paper in found.items() if key == title_key(title)]
        return list(found.values())

    def has(self, id: str, title: str = "") -> bool:
        """Return whether exactly one paper is known for `id` and, where it is given, `title`."""
        return len(self.of(id, title)) == 1
