"""``papertag baselines dataset.path=DIR data=PATH output=DIR``: many methods on the same split, in one table."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from papertag import __version__
from papertag.commands.inputs import inputs_of
from papertag.commands.labelled import labelled
from papertag.commands.model_folder import ModelFolder
from papertag.config import typed
from papertag.console import note, out, say
from papertag.errors import UserError
from papertag.files import whole_file
from papertag.models.baselines.build import Method, MethodsConfig
from papertag.paper import Paper, title_key
from papertag.sources import RejectsFile, read_papers
from papertag.taxonomy import Taxonomy

if TYPE_CHECKING:
    from papertag.tagging.method_table import Scored


# The row that is no baseline: the model named, or the one that ships.
_MODEL = "model"
_METHODS = (*(method.value for method in Method), _MODEL)


@dataclass
class DatasetFolder:
    """A folder made by `papertag build`."""

    path: str


@dataclass(kw_only=True)
class BaselinesConfig(MethodsConfig):
    """What `papertag baselines` takes."""

    dataset: DatasetFolder
    data: Any
    output: str
    methods: list[str] = field(default_factory=lambda: list(_METHODS))
    model: ModelFolder = field(default_factory=ModelFolder)
    run: str | None = None
    speed_papers: int = 128
    format: str = "auto"
    columns: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.speed_papers < 1:
            raise UserError(f"speed_papers={self.speed_papers} must be at least 1")
        for name in self.methods:
            if name not in _METHODS:
                raise UserError(f"methods=[{name}] is not known; known are {', '.join(_METHODS)}")
        if not self.methods and self.model.folder is None and self.run is None:
            raise UserError("methods=[] leaves nothing to compare: name some, or a model=DIR or run=DIR")


@dataclass(frozen=True)
class _Work:
    """One row to come: what decides it, and how it is made."""

    name: str
    decided_by: dict[str, Any]
    remark: str
    row: "Callable[[], Scored]"


def main(config: DictConfig) -> None:
    """Fit and score every method, print the table, and write it to ``baselines.json`` and ``baselines.md``."""
    settings = typed(config, BaselinesConfig)
    from papertag.dataset import load_folder
    from papertag.dataset.fingerprint import content_hash
    from papertag.tagging.method_table import markdown_table, remarks, rich_table

    splits, about = load_folder(Path(settings.dataset.path))
    if not len(splits.get("validation", ())):
        raise UserError(f"dataset.path={settings.dataset.path} has no papers in the split 'validation'")
    taxonomy = Taxonomy(about["taxonomy"]["groups"])
    output, data = Path(settings.output), inputs_of(settings.data, "data") or ""
    with RejectsFile(output / "data") as rejects:
        records = read_papers(data, format=settings.format, columns=settings.columns)
        papers = labelled(rejects.papers(records), taxonomy, str(data))
    known = {title_key(title) for split in ("train", "validation") for title in splits[split]["title"]}
    overlap = sum(title_key(paper.title) in known for paper in papers)
    if overlap:
        note(f"{overlap:,} papers of data={data} are in the dataset's train or validation split too: scores flatter")

    common = {
        "papertag": __version__,
        "dataset": about["fingerprint"],
        "data": content_hash(papers, [None] * len(papers)),
        "speed_papers": settings.speed_papers,
    }
    works = [
        *_baselines(settings, splits, taxonomy, papers),
        *_models(settings, about["fingerprint"], taxonomy, papers),
    ]
    rows = {
        work.name: replace(_measured(work, common, output / "methods" / f"{work.name}.json"), remark=work.remark)
        for work in works
    }

    title = f"Methods on {Path(str(data)).name}, {len(papers):,} papers"
    said = (
        f"Learned from the {len(splits['train']):,} training papers of dataset {about['fingerprint']} or from fewer; "
        f"calibration and thresholds fitted on its {len(splits['validation']):,} validation papers; scored on "
        f"{len(papers):,} papers{f', {overlap:,} of which are among those' if overlap else ''}."
    )
    document = common | {
        "papers": {"train": len(splits["train"]), "validation": len(splits["validation"]), "data": len(papers)},
        "overlap": overlap,
        "methods": {name: row.to_json() for name, row in rows.items()},
    }
    with whole_file(output / "baselines.json") as temporary:
        temporary.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    with whole_file(output / "baselines.md") as temporary:
        notes = "".join(f"- {remark}\n" for remark in remarks(rows))
        temporary.write_text("\n".join([f"{said}\n", markdown_table(rows), notes]), encoding="utf-8")
    out.print(rich_table(rows, title))
    for line in (said, *remarks(rows)):
        say(line)
    if rejects.count:
        say(f"rejected  {rejects.count:,}, each with its reason, in {rejects.path}")
    say(f"table     {output / 'baselines.md'}\nfigures   {output / 'baselines.json'}")


def _baselines(settings: BaselinesConfig, splits: Any, taxonomy: Taxonomy, papers: list[Paper]) -> Iterator[_Work]:
    from papertag.tagging.method_table import fit_baseline, measure
    from papertag.training.data import labels_of_split, texts_of_split

    train, validation = (
        (texts_of_split(splits[name]), labels_of_split(splits[name], hard_labels=False))
        for name in ("train", "validation")
    )

    def row(method: Method) -> "Scored":
        baseline = settings.build(method, taxonomy)
        tagger, learned = fit_baseline(baseline, train, validation, taxonomy)
        return measure(tagger, papers, learned, baseline.size_bytes, settings.speed_papers)

    for method in Method:
        if method.value in settings.methods:
            yield _Work(method.value, settings.read_by(method), settings.about(method), partial(row, method))


def _models(settings: BaselinesConfig, fingerprint: str, taxonomy: Taxonomy, papers: list[Paper]) -> Iterator[_Work]:
    from papertag.content import folder_hash, folder_size
    from papertag.models.folder import load_metadata
    from papertag.tagging import Tagger
    from papertag.tagging.method_table import Learned, learned_in_run, measure

    folders: dict[str, tuple[Path, Learned]] = {}
    if settings.model.folder is not None or _MODEL in settings.methods:
        folders[_MODEL] = (Path(settings.model.resolve()), Learned())
    if settings.run is not None:
        folders["run"] = (Path(settings.run) / "model", learned_in_run(Path(settings.run)))

    def row(folder: Path, learned: Learned) -> "Scored":
        return measure(Tagger.from_folder(folder), papers, learned, folder_size(folder), settings.speed_papers)

    for name, (folder, learned) in folders.items():
        metadata = load_metadata(folder)
        if metadata.taxonomy.hash != taxonomy.hash:
            raise UserError(
                f"{name}={folder} is for another taxonomy than dataset.path={settings.dataset.path}: name a {name} "
                f"of the same taxonomy, or leave {name} out"
            )
        remark = ""
        if metadata.fingerprint != fingerprint:
            remark = f"learned from another dataset ({metadata.fingerprint or 'unknown'}), thresholds included"
        decided_by = {"folder": folder_hash(folder), "learned": asdict(learned)}
        yield _Work(name, decided_by, remark, partial(row, folder, learned))


def _measured(work: _Work, common: dict[str, Any], file: Path) -> "Scored":
    """Return a row, from `file` where it was finished before under the same conditions."""
    from papertag.tagging.method_table import Scored

    key = hashlib.sha256(json.dumps(common | work.decided_by, sort_keys=True).encode()).hexdigest()
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        if found["key"] == key:
            note(f"{work.name}: finished before, in {file}")
            return Scored.from_json(found["row"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # none yet, or half of one from elsewhere: measured again
    note(f"{work.name}: at work")
    row = work.row()
    note(f"{work.name}: macro-F1 {row.macro_f1:.3f}")
    with whole_file(file) as temporary:
        temporary.write_text(json.dumps({"key": key, "row": row.to_json()}, indent=2) + "\n", encoding="utf-8")
    return row
