"""A server on 127.0.0.1 that speaks arXiv's API, arXiv's OAI-PMH and Hugging Face's daily papers.

`LiveServer.faults` holds what goes wrong with the next requests, first in, first out: a fault answers in
the place of the real thing, and None lets one request through.
"""

import gzip
import json
import re
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

Fault = Callable[["Handler"], None]

_NEW_ID = re.compile(r"\d{4}\.\d{4,5}(v\d+)?|[a-z-]+(\.[A-Z]{2})?/\d{7}(v\d+)?")


@dataclass
class Request:
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    at: float


@dataclass
class LiveServer:
    base: str = ""
    papers: list[dict[str, Any]] = field(default_factory=list)
    days: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    oai_page: int = 2
    oai_repeats: bool = False  # each OAI page begins with the last record of the page before
    oai_stuck: bool = False  # every OAI page gives the token that led to it
    oai_generation: int = 0  # a change of it makes all tokens given out before expire
    deleted: set[str] = field(default_factory=set)  # ids whose OAI records are marked as deleted
    hf_knows_pages: bool = True
    faults: deque[Fault | None] = field(default_factory=deque)
    requests: list[Request] = field(default_factory=list)

    @property
    def arxiv(self) -> str:
        return f"{self.base}/api/query"

    @property
    def oai(self) -> str:
        return f"{self.base}/oai"

    @property
    def hf(self) -> str:
        return f"{self.base}/api/daily_papers"


def paper(number: int, category: str = "cs.CL", date: str = "2025-03-04") -> dict[str, Any]:
    return {
        "id": f"2503.{number:05d}",
        "title": f"Made-up result number {number} on counting <apples> & pears",
        "abstract": f"We count fruit, and find {number} of them. The count is exact.",
        "authors": ["Ada Example", f"Bo Sample-{number}"],
        "categories": [category, "cs.LG"],
        "date": date,
    }


def status(code: int, *, retry_after: str | None = None, body: bytes = b"Rate exceeded.") -> Fault:
    def answer(handler: "Handler") -> None:
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        handler.reply(body, "text/plain", code, headers)

    return answer


def reply(body: bytes, kind: str = "application/atom+xml") -> Fault:
    return lambda handler: handler.reply(body, kind)


def shorter_than_announced(handler: "Handler") -> None:
    """Close the connection after half of the announced Content-Length."""
    body, kind, code = handler.real_answer()
    handler.send_response(code)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    handler.close_connection = True


def cut_body(handler: "Handler") -> None:
    """Send half of the body under a Content-Length that fits it, as a failing backend does."""
    body, kind, code = handler.real_answer()
    handler.reply(body[: len(body) // 2], kind, code)


def cut_gzip(handler: "Handler") -> None:
    """Send half of a body compressed with gzip; zlib gives what it holds and does not complain."""
    body, kind, _ = handler.real_answer()
    packed = gzip.compress(body)
    handler.reply(packed[: len(packed) // 2], kind, 200, {"Content-Encoding": "gzip"})


def reset(handler: "Handler") -> None:
    """Reset the connection before any answer."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def empty_feed(handler: "Handler") -> None:
    """An Atom feed without entries and with a total of 0: what arXiv gives for a page now and then."""
    handler.reply(atom([], 0, 0, 100), "application/atom+xml")


def atom(papers: list[dict[str, Any]], total: int, start: int, size: int) -> bytes:
    entries = "".join(
        f"""
  <entry>
    <id>http://arxiv.org/abs/{p["id"]}v1</id>
    <updated>{p["date"]}T17:59:59Z</updated>
    <published>{p["date"]}T17:59:59Z</published>
    <title>{escape(p["title"])}</title>
    <summary>  {escape(p["abstract"])}
</summary>
    {"".join(f"<author><name>{escape(name)}</name></author>" for name in p["authors"])}
    <link href="http://arxiv.org/abs/{p["id"]}v1" rel="alternate" type="text/html"/>
    <arxiv:primary_category xmlns:arxiv="http://arxiv.org/schemas/atom" term="{p["categories"][0]}"/>
    {"".join(f'<category term="{c}" scheme="http://arxiv.org/schemas/atom"/>' for c in p["categories"])}
  </entry>"""
        for p in papers
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <link href="http://arxiv.org/api/query?search_query=x" rel="self" type="application/atom+xml"/>
  <title type="html">ArXiv Query: search_query=x</title>
  <id>http://arxiv.org/api/cHxbiOdZaP56ODnBPIenZhzg5f8</id>
  <updated>2025-03-05T00:00:00-05:00</updated>
  <opensearch:totalResults xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">{total}</opensearch:totalResults>
  <opensearch:startIndex xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">{start}</opensearch:startIndex>
  <opensearch:itemsPerPage xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">{size}</opensearch:itemsPerPage>{entries}
</feed>
""".encode()


def atom_error(message: str) -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">
  <title type="html">ArXiv Query: search_query=&amp;id_list=1234.12345</title>
  <id>http://arxiv.org/api/kvuntZ8c9a4Eq5CF7KY03nMug+Q</id>
  <opensearch:totalResults>1</opensearch:totalResults>
  <opensearch:startIndex>0</opensearch:startIndex>
  <opensearch:itemsPerPage>1</opensearch:itemsPerPage>
  <entry>
    <id>http://arxiv.org/api/errors#{quote(message.replace(" ", "_"))}</id>
    <title>Error</title>
    <summary>{escape(message)}</summary>
    <updated>2025-03-05T00:00:00-05:00</updated>
    <author><name>arXiv api core</name></author>
  </entry>
</feed>
""".encode()


def oai_response(inner: str) -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="http://www.openarchives.org/OAI/2.0/ http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd">
<responseDate>2025-03-05T00:00:00Z</responseDate>
<request verb="ListRecords">http://oaipmh.arxiv.org/oai</request>
{inner}
</OAI-PMH>
""".encode()


def oai_error(code: str, message: str = "") -> bytes:
    return oai_response(f'<error code="{code}">{escape(message)}</error>')


def oai_record(p: dict[str, Any], prefix: str, deleted: bool = False) -> str:
    if deleted:
        return f"""<record><header status="deleted"><identifier>oai:arXiv.org:{p["id"]}</identifier>
<datestamp>{p["date"]}</datestamp></header></record>"""
    if prefix == "oai_dc":
        metadata = f"""<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/"
 xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>{escape(p["title"])}</dc:title>
{"".join(f"<dc:creator>{escape(name)}</dc:creator>" for name in p["authors"])}
<dc:subject>Computer Science - Computation and Language</dc:subject>
<dc:description>{escape(p["abstract"])}</dc:description>
<dc:date>{p["date"]}</dc:date>
<dc:type>text</dc:type>
<dc:identifier>http://arxiv.org/abs/{p["id"]}</dc:identifier>
</oai_dc:dc>"""
    else:
        metadata = f"""<arXiv xmlns="http://arxiv.org/OAI/arXiv/">
<id>{p["id"]}</id><created>{p["date"]}</created>
<authors>{"".join(_oai_author(name) for name in p["authors"])}</authors>
<title>{escape(p["title"])}</title>
<categories>{" ".join(p["categories"])}</categories>
<license>http://arxiv.org/licenses/nonexclusive-distrib/1.0/</license>
<abstract>  {escape(p["abstract"])}
</abstract></arXiv>"""
    return f"""<record>
<header><identifier>oai:arXiv.org:{p["id"]}</identifier><datestamp>{p["date"]}</datestamp>
<setSpec>cs:cs:CL</setSpec></header>
<metadata>{metadata}</metadata>
</record>"""


def _oai_author(name: str) -> str:
    first, last = name.split(" ", 1)
    return f"<author><keyname>{escape(last)}</keyname><forenames>{escape(first)}</forenames></author>"


def hf_item(p: dict[str, Any]) -> dict[str, Any]:
    return {
        "paper": {
            "id": p["id"],
            "authors": [{"_id": "0" * 24, "name": name, "hidden": False} for name in p["authors"]],
            "publishedAt": f"{p['date']}T00:00:00.000Z",
            "submittedOnDailyAt": f"{p['date']}T02:00:00.000Z",
            "title": p["title"],
            "summary": p["abstract"],
            "upvotes": 7,
        },
        "publishedAt": f"{p['date']}T00:00:00.000Z",
        "title": p["title"],
        "summary": p["abstract"],
        "thumbnail": f"https://cdn.example.org/{p['id']}.png",
        "numComments": 1,
        "isAuthorParticipating": False,
    }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: LiveServer

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        params = {key: values[0] for key, values in parse_qs(split.query, keep_blank_values=True).items()}
        self.state.requests.append(Request(split.path, params, dict(self.headers), time.monotonic()))
        fault = self.state.faults.popleft() if self.state.faults else None
        if fault is not None:
            fault(self)
            return
        body, kind, code = self.real_answer()
        self.reply(body, kind, code)

    def reply(self, body: bytes, kind: str, code: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass

    def real_answer(self) -> tuple[bytes, str, int]:
        request = self.state.requests[-1]
        if request.path == "/api/query":
            body, code = self._arxiv(request.params)
            return body, "application/atom+xml; charset=utf-8", code
        if request.path == "/oai":
            return self._oai(request.params), "text/xml", 200
        if request.path == "/api/daily_papers":
            return json.dumps(self._hf(request.params)).encode(), "application/json; charset=utf-8", 200
        return b"<html>not here</html>", "text/html", 404

    def _arxiv(self, params: dict[str, str]) -> tuple[bytes, int]:
        start, size = int(params.get("start", 0)), int(params.get("max_results", 10))
        if size > 2000:
            return atom_error("max_results must not be greater than 2000"), 400
        if params.get("id_list"):
            asked = params["id_list"].split(",")
            for one in asked:
                if not _NEW_ID.fullmatch(one) or one.startswith("9999."):
                    return atom_error(f"incorrect id format for {one}"), 400
            known = {p["id"]: p for p in self.state.papers}
            found = [
                known[base]
                for one in asked
                if (base := re.sub(r"\.[A-Z]{2}/", "/", re.sub(r"v\d+$", "", one))) in known
            ]
        else:
            query = params.get("search_query", "")
            categories = set(re.findall(r"cat:([\w.-]+)", query))
            span = re.search(r"submittedDate:\[(\d{12}) TO (\d{12})\]", query)
            found = [
                p
                for p in self.state.papers
                if (not categories or categories & set(p["categories"]))
                and (not span or span[1] <= p["date"].replace("-", "") + "1759" <= span[2])
            ]
        return atom(found[start : start + size], len(found), start, size), 200

    def _oai(self, params: dict[str, str]) -> bytes:
        token = params.get("resumptionToken", "")
        if token and set(params) != {"verb", "resumptionToken"}:
            return oai_error("badArgument", "resumptionToken goes with no other argument")
        asked = params
        if token:
            asked = {key: values[0] for key, values in parse_qs(unquote(token)).items()}
            if asked.get("generation") != str(self.state.oai_generation):
                return oai_error("badResumptionToken", "the token has expired")
        prefix = asked.get("metadataPrefix", "")
        if prefix not in {"arXiv", "oai_dc"}:
            return oai_error("cannotDisseminateFormat", f"no such format: {prefix}")
        if asked.get("set", "cs") not in {"cs", "cs:cs:CL"}:
            return oai_error("badArgument", "Set has invalid format or does not exist")
        low, high = asked.get("from", ""), asked.get("until", "9999")
        found = [p for p in self.state.papers if low <= p["date"] <= high]
        if not found:
            return oai_error("noRecordsMatch", "nothing matches")
        skip = int(asked.get("skip", 0))
        begin = max(0, skip - 1) if self.state.oai_repeats else skip
        after = skip + self.state.oai_page
        records = "".join(oai_record(p, prefix, p["id"] in self.state.deleted) for p in found[begin:after])
        if self.state.oai_stuck and token:
            tail = token
        elif after < len(found):
            keys = {k: asked[k] for k in ("metadataPrefix", "set", "from", "until") if k in asked}
            place = {"skip": after, "generation": self.state.oai_generation}
            tail = quote("&".join(f"{k}={v}" for k, v in {**keys, **place}.items()), safe="")
        else:
            tail = ""
        closing = f"<resumptionToken>{tail}</resumptionToken>" if tail or token else ""
        return oai_response(f"<ListRecords>{records}{closing}</ListRecords>")

    def _hf(self, params: dict[str, str]) -> list[dict[str, Any]]:
        size, page = int(params.get("limit", 50)), int(params.get("p", 0))
        if not self.state.hf_knows_pages:
            page = 0
        found = self.state.days.get(params.get("date", ""), [])
        return [hf_item(p) for p in found[page * size : (page + 1) * size]]


@contextmanager
def serving() -> Iterator[LiveServer]:
    """Run a server on a free port for the length of the block."""
    state = LiveServer()
    handler = type("BoundHandler", (Handler,), {"state": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        state.base = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
