"""A comparison as files: the table to paste, the numbers to compute with, the figure to look at."""

import json
from pathlib import Path

from papertag.files import whole_file
from papertag.report.comparison import Comparison
from papertag.report.curve import LearningCurves, draw_learning_curves
from papertag.report.figure import draw_comparison

TABLE, NUMBERS, FIGURE = "table.md", "comparison.json", "comparison.png"


def write_report(result: Comparison | LearningCurves, output: Path) -> None:
    """Write ``table.md``, ``comparison.json`` and ``comparison.png`` into a folder.

    Raises:
        UserError: it cannot be written to.
    """
    if isinstance(result, LearningCurves):
        draw_learning_curves(result, output / FIGURE)
    else:
        draw_comparison(result, output / FIGURE)
    with whole_file(output / NUMBERS) as temporary:
        temporary.write_text(json.dumps(result.to_json(), indent=2) + "\n", encoding="utf-8")
    with whole_file(output / TABLE) as temporary:
        temporary.write_text(result.markdown(), encoding="utf-8")
