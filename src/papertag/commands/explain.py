"""``papertag explain input=PATH id=ID``: which words of one paper carried each of its areas."""

import json
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from rich.text import Text

from papertag.commands.inputs import inputs_of
from papertag.commands.model_folder import ModelFolder
from papertag.config import typed
from papertag.console import note, out, progress, say
from papertag.errors import UserError
from papertag.files import whole_file
from papertag.paper import Paper, derived_id
from papertag.sources import read_papers

_SUFFIXES = (".json", ".html")
# Papers named in the message that one of them must be chosen.
_SHOWN = 3


@dataclass
class ExplainConfig:
    """What `papertag explain` takes."""

    input: Any = None
    id: str | None = None
    title: str | None = None
    abstract: str | None = None
    areas: list[str] = field(default_factory=list)
    model: ModelFolder = field(default_factory=ModelFolder)
    output: str | None = None
    format: str = "auto"
    columns: dict[str, str | None] = field(default_factory=dict)
    steps: int = 32

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise UserError(f"steps={self.steps} must be at least 1")
        if self.output is not None and Path(self.output).suffix not in _SUFFIXES:
            raise UserError(f"output={self.output}: the suffix must be one of {', '.join(_SUFFIXES)}")
        if (self.input is None) == (self.title is None):
            raise UserError("name one paper: input=PATH with id=ID, or title=TEXT with abstract=TEXT")
        if self.input is not None and self.abstract is not None:
            raise UserError("abstract= goes with title=, and input= brings its own: leave one of them out")
        if self.title is not None and self.id is not None:
            raise UserError("id= chooses a paper of input=, and title= is one by itself: leave one of them out")
        if self.title is not None and not self.title.strip():
            raise UserError("title= is empty: a paper needs a title")


def main(config: DictConfig) -> None:
    """Explain one paper: print it with its strongest words marked, and write all of them."""
    settings = typed(config, ExplainConfig)
    folder = settings.model.resolve()
    paper = _paper(settings)
    from papertag.report.explanation import console, page
    from papertag.tagging.explain import Explainer

    explainer = Explainer.from_folder(folder, steps=settings.steps)
    with progress("areas", transient=True) as bar:
        task = bar.add_task("explaining", total=None, note="")
        explanation = explainer.explain(
            paper, settings.areas, lambda done, total: bar.update(task, completed=done, total=total)
        )
    out.print(Text(f"{paper.id}: {', '.join(explanation.assigned) or 'no area'}"))
    for part in console(explanation):
        out.print(part)
    if settings.output is None:
        return
    if settings.output.endswith(".html"):
        text = page(explanation)
    else:
        document = {"model": str(folder), "steps": settings.steps, **explanation.to_json()}
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    with whole_file(settings.output) as temporary:
        # Lone surrogates, which broken listings hold, have no UTF-8.
        temporary.write_text(text, encoding="utf-8", errors="replace")
    say(f"output  {settings.output}")


def _paper(settings: ExplainConfig) -> Paper:
    """Return the paper that the settings name."""
    if settings.title is not None:
        abstract = settings.abstract or ""
        return Paper(id=derived_id(settings.title, abstract), title=settings.title, abstract=abstract)
    inputs = inputs_of(settings.input) or ""
    first: list[Paper] = []
    ids: list[str] = []
    rejects = 0
    for record in read_papers(inputs, format=settings.format, columns=settings.columns, output=settings.output):
        if not isinstance(record, Paper):
            rejects += 1
            continue
        if record.id == settings.id:
            return record
        ids.append(record.id)
        if len(first) < _SHOWN:
            first.append(record)
        elif settings.id is None:
            break
    rejected = f" (records rejected: {rejects:,}; 'papertag parse' tells why)" if rejects else ""
    if settings.id is not None:
        near = get_close_matches(settings.id, ids, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise UserError(
            f"id={settings.id} is none of the {len(ids):,} papers of input={settings.input}{hint}{rejected}"
        )
    if not first:
        raise UserError(f"input={settings.input} holds no papers{rejected}")
    if len(ids) > 1:
        named = "".join(f"\n  id={paper.id}  {paper.title}" for paper in first)
        raise UserError(f"input={settings.input} holds several papers: choose one by its id, such as{named}")
    if rejects:
        note(f"the only paper of the input is explained{rejected}")
    return first[0]
