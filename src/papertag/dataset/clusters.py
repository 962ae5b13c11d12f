"""Which records are one paper: links between them, joined into clusters that remember why."""

from collections import defaultdict, deque
from collections.abc import Iterator
from enum import StrEnum


class Reason(StrEnum):
    """Why two records are taken for one paper."""

    EXACT_ID = "exact-id"
    EXACT_TITLE = "exact-title"
    NEAR = "near"


class Clusters:
    """A union-find over `size` records (Tarjan 1975) that keeps the links it was made of."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))
        self._links: dict[int, list[tuple[int, Reason]]] = defaultdict(list)

    def root(self, a: int) -> int:
        """Return the record that stands for the cluster of `a`."""
        while self._parent[a] != a:
            self._parent[a] = self._parent[self._parent[a]]
            a = self._parent[a]
        return a

    def joined(self, a: int, b: int) -> bool:
        """Return whether `a` and `b` are known to be one paper."""
        return self.root(a) == self.root(b)

    def link(self, a: int, b: int, reason: Reason) -> None:
        """Join the clusters of `a` and `b`; says nothing new where they are joined already."""
        first, second = sorted((self.root(a), self.root(b)))
        if first != second:
            self._parent[second] = first
            self._links[a].append((b, reason))
            self._links[b].append((a, reason))

    def groups(self) -> Iterator[list[int]]:
        """Yield the clusters of two or more records, each ascending, by their first record."""
        members: dict[int, list[int]] = defaultdict(list)
        for a in sorted(self._links):
            members[self.root(a)].append(a)
        yield from sorted(members.values())

    def links_from(self, kept: int) -> Iterator[tuple[int, int, Reason]]:
        """Yield ``(record, reached from, reason)`` for the other records of the cluster of `kept`, nearest first."""
        reached = {kept}
        queue = deque([kept])
        while queue:
            here = queue.popleft()
            for there, reason in self._links[here]:
                if there not in reached:
                    reached.add(there)
                    queue.append(there)
                    yield there, here, reason
