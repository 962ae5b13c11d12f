"""arXiv's OAI-PMH interface (https://info.arxiv.org/help/oa): all its metadata, page by page."""

from collections.abc import Iterator
from functools import partial
from time import time
from urllib.parse import urlencode

from papertag.errors import UserError
from papertag.paper import Paper, Reject
from papertag.sources.config import SourceConfig
from papertag.sources.http import BadBodyError, Client, whole
from papertag.sources.oai_pmh import OaiPage, parse_page


class _OaiError(Exception):
    """An error of the protocol, which comes with status 200."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(f"{code}: {message}" if message else code)


def read_oai(config: SourceConfig, client: Client) -> Iterator[Paper | Reject]:
    """Yield the records that changed from `date_from` to `date_until`, each once.

    The dates are days of a record's last change, as OAI-PMH has it, not of a paper's submission. A server that
    hands out a resumption token for the second time is left there, and a Reject says so.

    Raises:
        UserError: the server refuses the request, or the network fails for longer than `config` allows.
    """
    seen: set[str] = set()
    papers = 0
    for item in _walk_again_once(config, client):
        key = item.id if isinstance(item, Paper) else item.record
        if key and key in seen:
            continue
        seen.add(key)
        yield item
        papers += isinstance(item, Paper)
        if papers == config.max_papers:
            return


def first_url(config: SourceConfig) -> str:
    """Return the URL that `read_oai` asks first."""
    asked = {
        "metadataPrefix": config.prefix,
        "set": config.set,
        "from": config.date_from,
        "until": config.date_until,
    }
    return _url(config, {key: value for key, value in asked.items() if value})


def _walk_again_once(config: SourceConfig, client: Client) -> Iterator[Paper | Reject]:
    try:
        try:
            yield from _walk(config, client, None)
        except _OaiError as error:
            if error.code != "badResumptionToken":
                raise
            # Tokens expire, and the cache may hold an old one: from the start, with fresh tokens.
            yield from _walk(config, client, time())
    except _OaiError as error:
        advice = {
            "badResumptionToken": "its tokens expire within a day: ask for fewer days at a time",
            "cannotDisseminateFormat": f"look at source.prefix={config.prefix}",
            "noSetHierarchy": "it has no sets: leave out source.set",
        }.get(error.code, "look at source.set, source.date_from and source.date_until")
        raise UserError(f"{config.base_url} refused with {error}; {advice}") from None


def _walk(config: SourceConfig, client: Client, since: float | None) -> Iterator[Paper | Reject]:
    tokens: set[str] = set()
    url = first_url(config)
    while True:
        answer = client.get(url, partial(_page, url), since=since)
        since = answer.fetched if since is None else since
        page = answer.value
        yield from page.records
        if page.token is None:
            return
        if page.token in tokens:
            yield Reject(
                url,
                "the server gave this resumption token before: records after this page, if there are any, were "
                "not reached; ask for fewer days at a time",
                page.token,
            )
            return
        tokens.add(page.token)
        url = _url(config, {"resumptionToken": page.token})


def _page(url: str, body: bytes) -> OaiPage:
    with whole(url):
        page = parse_page(body, url)
    if page.error and page.error[0] != "noRecordsMatch":
        raise _OaiError(*page.error)
    if b"OAI-PMH" not in body:
        raise BadBodyError("the answer is not OAI-PMH")
    return page


def _url(config: SourceConfig, asked: dict[str, str]) -> str:
    return f"{config.base_url}?{urlencode({'verb': 'ListRecords', **asked})}"
