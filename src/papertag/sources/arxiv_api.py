"""arXiv's API (https://info.arxiv.org/help/api/user-manual.html): by query, category and date, or by ids."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from papertag.errors import UserError
from papertag.paper import Paper, Reject
from papertag.sources.arxiv import id_key, split_arxiv_id
from papertag.sources.arxiv_atom import AtomPage, parse_page
from papertag.sources.config import SourceConfig
from papertag.sources.http import BadBodyError, Client, RefusedError, whole

IDS_A_REQUEST = 100

_BAD_REQUEST = 400
_ERRORS = "arxiv.org/api/errors"
# What an id looks like that went through a number: 2501.00010 has become 2501.0001.
_LOST_ZERO = re.compile(r"(?:1[5-9]|[2-8]\d)\d\d\.\d{4}")
# Beyond what arXiv holds at either end, so that a range of dates may stay open.
_BEGINNING, _END = "1990-01-01", "2099-12-31"


@dataclass(frozen=True, slots=True)
class _Asked:
    place: str
    id: str


def read_arxiv(config: SourceConfig, client: Client) -> Iterator[Paper | Reject]:
    """Yield what arXiv's API gives for the ids of `config`, else for its query, each paper once.

    Papers of a query come as `config.sort` says, papers asked for by id in the order of the list. An id that is
    no arXiv id, stands in the list twice or is unknown to arXiv becomes a Reject.

    Raises:
        UserError: nothing is asked for, the file of ids cannot be read, arXiv refuses the query, or the
            network fails for longer than `config` allows.
    """
    papers = 0
    for item in _by_ids(config, client) if _has_ids(config) else _by_query(config, client):
        yield item
        papers += isinstance(item, Paper)
        if papers == config.max_papers:
            return


def first_url(config: SourceConfig) -> str:
    """Return the URL that `read_arxiv` asks first.

    Raises:
        UserError: nothing is asked for, or the file of ids cannot be read.
    """
    if _has_ids(config):
        asked = [item.id for item in _asked_ids(config) if isinstance(item, _Asked)]
        return _ids_url(config, asked[:IDS_A_REQUEST])
    return _query_url(config, 0, _page_size(config, 0))


def search_query(config: SourceConfig) -> str:
    """Return the ``search_query`` of arXiv's API for the query, the categories and the dates of `config`.

    Raises:
        UserError: `config` asks for nothing.
    """
    parts = [config.query] if config.query else []
    if config.categories:
        parts.append(" OR ".join(f"cat:{category}" for category in config.categories))
    if config.date_from or config.date_until:
        low = (config.date_from or _BEGINNING).replace("-", "")
        high = (config.date_until or _END).replace("-", "")
        parts.append(f"submittedDate:[{low}0000 TO {high}2359]")
    if not parts:
        raise UserError(
            "source=arxiv needs something to ask for: source.query='cat:cs.CL AND ti:quantization', "
            "source.categories=[cs.CL], source.date_from=2025-01-31, source.ids=['2501.00001'] or "
            "source.ids_file=FILE"
        )
    return parts[0] if len(parts) == 1 else " AND ".join(f"({part})" if " OR " in part else part for part in parts)


def _by_query(config: SourceConfig, client: Client) -> Iterator[Paper | Reject]:
    seen: set[str] = set()
    start = papers = 0
    since: float | None = None
    while True:
        url = _query_url(config, start, _page_size(config, papers))
        try:
            answer = client.get(url, partial(_page, url, start), since=since)
        except RefusedError as error:
            raise UserError(
                f"{url}: {_said(error)}; look at source.query, and where it matches more than ten "
                "thousand papers narrow source.date_from and source.date_until, or use source=arxiv_oai"
            ) from None
        since = answer.fetched if since is None else since
        page = answer.value
        for item in page.records:
            # New papers move the pages of a running walk, so that a record can stand on two of them.
            key = id_key(item.id) if isinstance(item, Paper) else item.record
            if key and key in seen:
                continue
            seen.add(key)
            papers += isinstance(item, Paper)
            yield item
        # A page may be shorter than asked for: the next one begins where this one really ended.
        start += len(page.records)
        if not page.records or start >= (page.total or 0):
            return


def _by_ids(config: SourceConfig, client: Client) -> Iterator[Paper | Reject]:
    waiting: list[_Asked | Reject] = []
    for item in _asked_ids(config):
        waiting.append(item)
        if len(waiting) == IDS_A_REQUEST:
            yield from _answered(config, client, waiting)
            waiting = []
    yield from _answered(config, client, waiting)


def _answered(config: SourceConfig, client: Client, waiting: Sequence[_Asked | Reject]) -> Iterator[Paper | Reject]:
    answers = _answers(config, client, [item for item in waiting if isinstance(item, _Asked)])
    for item in waiting:
        yield item if isinstance(item, Reject) else answers[item.id]


def _answers(config: SourceConfig, client: Client, asked: Sequence[_Asked]) -> dict[str, Paper | Reject]:
    if not asked:
        return {}
    url = _ids_url(config, [item.id for item in asked])
    page: AtomPage | None = None
    try:
        page = client.get(url, partial(_whole_page, url)).value
    except RefusedError as error:
        if error.status != _BAD_REQUEST:
            raise
        if len(asked) == 1:
            return {asked[0].id: Reject(asked[0].place, _said(error), asked[0].id)}
    if page is None or (not page.records and len(asked) > 1):
        # One id that arXiv does not accept makes it refuse the whole list, and an empty answer to a list may be
        # one of those that it gives now and then where there are papers: halve the list until it is clear.
        half = len(asked) // 2
        return _answers(config, client, asked[:half]) | _answers(config, client, asked[half:])
    found = {id_key(item.id): item for item in page.records if isinstance(item, Paper)}
    return {
        item.id: found.get(id_key(item.id)) or Reject(item.place, "arXiv's API returned no paper for this id", item.id)
        for item in asked
    }


def _has_ids(config: SourceConfig) -> bool:
    return bool(config.ids or config.ids_file)


def _asked_ids(config: SourceConfig) -> Iterator[_Asked | Reject]:
    places: dict[str, str] = {}
    for place, written in _written_ids(config):
        known = split_arxiv_id(written)
        if known is None:
            yield Reject(place, "this is not an arXiv id such as 2501.00001 or cs/0112017", written)
            continue
        id_, version = known
        if _LOST_ZERO.fullmatch(id_):
            yield Reject(
                place,
                "ids since 2015 have five digits after the point; in quotes, as in \"source.ids=['2501.00010']\", "
                "an id keeps its last zero",
                written,
            )
            continue
        if id_key(id_) in places:
            yield Reject(place, f"the id stands in the list already, at {places[id_key(id_)]}", written)
            continue
        places[id_key(id_)] = place
        yield _Asked(place, id_ if version is None else f"{id_}v{version}")


def _written_ids(config: SourceConfig) -> Iterator[tuple[str, str]]:
    for number, written in enumerate(config.ids, start=1):
        yield f"source.ids#{number}", written.strip()
    if config.ids_file:
        try:
            text = Path(config.ids_file).read_text(encoding="utf-8-sig")
        except OSError as error:
            raise UserError(f"source.ids_file={config.ids_file} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise UserError(f"source.ids_file={config.ids_file} is not text: one arXiv id a line is expected") from None
        for number, line in enumerate(text.splitlines(), start=1):
            if written := line.partition("#")[0].strip():
                yield f"{config.ids_file}:{number}", written


def _page(url: str, start: int, body: bytes) -> AtomPage:
    with whole(url):
        page = parse_page(body, url)
    records = page.records
    if len(records) == 1 and isinstance(records[0], Reject) and _ERRORS in records[0].record:
        raise RefusedError(url, _BAD_REQUEST, body)
    if page.total is None:
        raise BadBodyError("the answer is no Atom feed with a total")
    # arXiv now and then gives an empty page, often with a total of 0, where there are papers.
    if not records and (page.total > start or (start and not page.total)):
        raise BadBodyError(f"the page that starts at {start} came empty")
    return page


def _whole_page(url: str, body: bytes) -> AtomPage:
    page = _page(url, 0, body)
    if len(page.records) < (page.total or 0):
        raise BadBodyError(f"of {page.total} papers {len(page.records)} came")
    return page


def _said(error: RefusedError) -> str:
    """Return what arXiv says in the feed that it sends with an error."""
    try:
        records = parse_page(error.body, error.url).records
    except UserError:
        records = []
    reasons = [record.reason for record in records if isinstance(record, Reject)]
    return reasons[0] if reasons else f"arXiv refused with status {error.status}"


def _page_size(config: SourceConfig, papers: int) -> int:
    return config.page_size if config.max_papers is None else min(config.page_size, config.max_papers - papers)


def _query_url(config: SourceConfig, start: int, size: int) -> str:
    asked = {
        "search_query": search_query(config),
        "sortBy": config.sort.value,
        "sortOrder": "descending",
        "start": start,
        "max_results": size,
    }
    return f"{config.base_url}?{urlencode(asked)}"


def _ids_url(config: SourceConfig, ids: Sequence[str]) -> str:
    asked = {"id_list": ",".join(ids), "start": 0, "max_results": len(ids)}
    return f"{config.base_url}?{urlencode(asked, safe=',/')}"
