"""The models of finished runs, scored anew on papers that none of them has seen."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from papertag.errors import UserError
from papertag.models.folder import load_metadata
from papertag.paper import Paper
from papertag.report.runs import FinishedRun
from papertag.tagging import Tagger
from papertag.tagging.engine import EngineConfig
from papertag.tagging.score import score
from papertag.taxonomy import Taxonomy


def taxonomy_of(runs: Sequence[FinishedRun]) -> Taxonomy:
    """Return the taxonomy that all runs share.

    Raises:
        UserError: two know different areas, and an average over them would mean different things.
    """
    first, *others = runs
    taxonomy = load_metadata(first.folder / "model").taxonomy
    for run in others:
        if load_metadata(run.folder / "model").taxonomy.areas != taxonomy.areas:
            raise UserError(f"{run.folder} and {first.folder} know different areas: compare runs of one taxonomy")
    return taxonomy


def scored(
    runs: Sequence[FinishedRun],
    papers: Sequence[Paper],
    name: str,
    engine: EngineConfig | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> list[FinishedRun]:
    """Return the runs with their models' metrics on labelled papers under `name`, beside those of their splits.

    Args:
        runs: of the taxonomy that the papers' areas are from.
        papers: with areas.
        name: of the papers, where a run's splits have theirs.
        engine: computes the models.
        on_progress: called with the number of papers just done.
    """
    result = []
    for run in runs:
        tagger = Tagger.from_folder(run.folder / "model", engine)
        metrics = score(tagger, list(papers), on_progress)[0]
        overall = {key: value for key, value in metrics.items() if isinstance(value, int | float)}
        result.append(replace(run, metrics={**run.metrics, name: overall}))
    return result
