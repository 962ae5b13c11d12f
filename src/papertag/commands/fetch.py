"""papertag fetch annotations=FILE output=papers.jsonl: annotations without texts to labelled papers."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from omegaconf import MISSING, DictConfig

from papertag.commands.inputs import inputs_of
from papertag.config import typed
from papertag.console import Bar, progress, say
from papertag.errors import UserError
from papertag.files import whole_file
from papertag.paper import Paper, Reject
from papertag.sources import RejectsFile, SourceConfig, SourceKind, open_source, read_papers
from papertag.sources.arxiv import id_key, split_arxiv_id
from papertag.sources.by_id import PapersById
from papertag.sources.json_lines import objects
from papertag.sources.rejects_file import missing_path
from papertag.sources.stream import open_stream

_PACKAGED = {"default": "train.jsonl", "dev": "dev.jsonl"}
_TEXT = ("id", "title", "abstract")
_UPDATE_EVERY = 512


@dataclass
class FetchConfig:
    """What ``papertag fetch`` takes; configs/fetch.yaml says what each key means."""

    annotations: Any = "default"
    papers: Any = None
    output: str = MISSING
    network: bool = False
    source: SourceConfig = field(default_factory=SourceConfig)

    def __post_init__(self) -> None:
        if self.output != MISSING and not self.output.endswith(".jsonl"):
            raise UserError(f"output={self.output}: fetch writes JSON lines; end the name with .jsonl")
        self.source = replace(self.source, kind=SourceKind.arxiv)

    @property
    def host(self) -> str:
        """The server that ``network=true`` allows to be asked."""
        return urlsplit(self.source.base_url).netloc


@dataclass(frozen=True, slots=True)
class _Annotation:
    """One line of an annotations file; `record` is the whole object."""

    id: str
    title: str
    record: dict[str, Any]

    @property
    def is_arxiv(self) -> bool:
        return split_arxiv_id(self.id) is not None


def main(config: DictConfig) -> None:
    """Find the papers of the annotations, write them with their areas, and print how many came from where."""
    settings = typed(config, FetchConfig)
    annotations = [annotation for path in _annotation_files(settings) for annotation in _read(path)]
    inputs = inputs_of(settings.papers, "papers")
    if not inputs and not settings.network:
        raise UserError(
            "annotations hold no texts: name the files that do with papers=[PATH,...], or add network=true to ask "
            f"{settings.host} for those with arXiv ids"
        )
    papers = PapersById(annotation.id for annotation in annotations)
    refusals: dict[str, str] = {}
    with RejectsFile(settings.output) as rejects, progress(transient=True) as bar:
        if inputs:
            records = read_papers(inputs, output=settings.output, key="papers")
            _look_up(papers, rejects.papers(records), bar)
        local = sum(papers.has(a.id, a.title) for a in annotations)
        if settings.network:
            wanted = dict.fromkeys(a.id for a in annotations if a.is_arxiv and not papers.has(a.id))
            refusals = _ask(papers, list(wanted), settings.source, bar)
    found = [(a, papers.of(a.id, a.title)[0]) for a in annotations if papers.has(a.id, a.title)]
    missing = [a for a in annotations if not papers.has(a.id, a.title)]
    reasons = [refusals.get(id_key(a.id)) or _why(a, papers, settings) for a in missing]
    beside = _write_missing(missing, reasons, settings.output)
    if not found:
        what = "1 annotation," if len(annotations) == 1 else f"{len(annotations):,} annotations, first"
        raise UserError(f"no paper was found for the {what} {missing[0].id}: {reasons[0]} (see {beside})")
    _write((_labelled(paper, annotation.record) for annotation, paper in found), settings.output)

    say(f"annotations    {len(annotations):,}")
    say(f"found locally  {local:,}")
    say(f"fetched        {len(found) - local:,}")
    say(f"missing        {len(missing):,}" + (f", each with its reason, in {beside}" if missing else ""))
    if rejects.count:
        say(f"rejected       {rejects.count:,} records of papers=, each with its reason, in {rejects.path}")
    say(f"papers         {len(found):,} in {settings.output}")
    if bare := sum(not paper.abstract for _, paper in found):
        say(f"no abstract    {bare:,} of the papers, where they were found")
    if not settings.network and (askable := sum(a.is_arxiv for a in missing)):
        say(f"network=true asks {settings.host} for the {askable:,} of the missing that have arXiv ids")


def _annotation_files(settings: FetchConfig) -> list[Path]:
    names = inputs_of(settings.annotations, "annotations")
    paths = []
    for name in [names] if isinstance(names, str) else names or []:
        packaged = _PACKAGED.get(name)
        path = Path(str(files("papertag") / "data" / "annotations" / packaged)) if packaged else Path(name).expanduser()
        if path.resolve() == Path(settings.output).resolve():
            raise UserError(f"annotations={name} would be overwritten by output={settings.output}: write elsewhere")
        paths.append(path)
    if not paths:
        raise UserError("annotations= is empty: name a file of ids and areas, or default for the packaged one")
    return paths


def _read(path: Path) -> Iterator[_Annotation]:
    """Yield the annotations of a file of JSON lines.

    Areas are passed on as they are: which of them exist is for the taxonomy of `papertag build` to say.

    Raises:
        UserError: the file cannot be read or is empty, or a line is no annotation; the message has the line.
    """
    empty = True
    with open_stream(path) as stream:
        for place, record in objects(stream):
            empty = False
            if isinstance(record, Reject):
                raise UserError(f"{place}: {record.reason}")
            id, title, areas = record.get("id"), record.get("title") or "", record.get("areas")
            if not isinstance(id, str) or not id.strip():
                raise UserError(f"{place}: an annotation needs an 'id', as a string")
            if not isinstance(title, str):
                raise UserError(f"{place}: 'title' must be a string")
            if not isinstance(areas, list) or not all(isinstance(area, str) for area in areas):
                raise UserError(f"{place}: 'areas' must be a list of area names (an empty one where none fits)")
            yield _Annotation(id.strip(), title, record)
    if empty:
        raise UserError(f"annotations file {path} holds no annotation")


def _look_up(papers: PapersById, records: Iterable[Paper], bar: Bar) -> None:
    task = bar.add_task("reading papers", total=None, note="")
    for number, paper in enumerate(records, start=1):
        papers.add(paper)
        if number % _UPDATE_EVERY == 0:
            bar.step(task, _UPDATE_EVERY)


def _ask(papers: PapersById, ids: Sequence[str], source: SourceConfig, bar: Bar) -> dict[str, str]:
    """Ask arXiv's API for `ids`; return why it has no paper for some of them, by `id_key`."""
    refusals: dict[str, str] = {}
    if not ids:
        return refusals
    task = bar.add_task("asking arXiv", total=len(ids), note="")
    for item in open_source(replace(source, ids=list(ids)), None, network=True):
        bar.step(task, 1)
        if isinstance(item, Paper):
            papers.add(item)
        else:
            refusals.setdefault(id_key(item.record), item.reason)
    return refusals


def _why(annotation: _Annotation, papers: PapersById, settings: FetchConfig) -> str:
    """Return why there is no paper for an annotation that arXiv's API has not been asked for."""
    same_id = papers.of(annotation.id)
    if same_id and annotation.title:
        return "papers= has this id with another title than the annotation's"
    if same_id:
        return f"{len(same_id)} papers of papers= have this id: tell them apart by a 'title' in the annotation"
    if annotation.is_arxiv:
        return "papers= does not hold this id; network=true asks arXiv's API for it"
    where = "papers= does not hold this id, and it" if settings.papers else "it"
    return f"{where} is no arXiv id that arXiv's API could be asked for"


def _labelled(paper: Paper, annotation: Mapping[str, Any]) -> dict[str, Any]:
    """Return the paper's JSON object with all that the annotation says, which wins but for id and text."""
    record = paper.to_json()
    row = {key: record[key] for key in _TEXT}
    row |= {key: value for key, value in annotation.items() if key not in _TEXT}
    return row | {key: value for key, value in record.items() if key not in row}


def _write_missing(missing: Sequence[_Annotation], reasons: Sequence[str], output: str) -> Path:
    path = missing_path(output)
    if missing:
        _write(({"id": a.id, "reason": reason} for a, reason in zip(missing, reasons, strict=True)), path)
    else:
        path.unlink(missing_ok=True)
    return path


def _write(rows: Iterable[Mapping[str, Any]], path: str | Path) -> None:
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)
