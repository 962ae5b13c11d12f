"""The tables of scripts/few_shot.sh, as Markdown: python scripts/few_shot_table.py OUTPUT."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

DRAWS = 3


def main(output: Path) -> None:
    """Print F1 of the held-out areas in both scenarios, and of the other areas before and after."""
    extend = [_metrics(output / f"extend{draw}") for draw in range(DRAWS)]
    new = [_metrics(output / f"new{draw}") for draw in range(DRAWS)]
    base = _metrics(output / "base")
    held_out = [area for area in extend[0]["areas"] if area not in base["areas"]]
    print("| area | papers in dev | F1, added to 37 areas | F1, six areas alone | AP, added | AP, alone |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for area in held_out:
        cells = [_spread([run["areas"][area][key] for run in runs])
                 for key in ("f1", "average_precision") for runs in (extend, new)]  # fmt: skip
        print(f"| {area} | {base_count(extend, area)} | " + " | ".join(cells) + " |")
    cells = [_spread([float(np.mean([run["areas"][area][key] for area in held_out])) for run in runs])
             for key in ("f1", "average_precision") for runs in (extend, new)]  # fmt: skip
    print("| **mean** | | " + " | ".join(cells) + " |\n")
    before = {area: row["f1"] for area, row in base["areas"].items()}
    after = [{area: run["areas"][area]["f1"] for area in before} for run in extend]
    changes = [abs(run[area] - before[area]) for run in after for area in before]
    print(f"macro-F1 of the {len(before)} other areas: {np.mean(list(before.values())):.4f} before, "
          f"{_spread([float(np.mean(list(run.values()))) for run in after], 4)} after; "
          f"largest change of an area's F1 {max(changes):.4f}")  # fmt: skip


def base_count(runs: list[dict[str, Any]], area: str) -> int:
    """Return how many papers of DEV carry an area."""
    return int(runs[0]["areas"][area]["support"])


def _metrics(folder: Path) -> dict[str, Any]:
    metrics: dict[str, Any] = json.loads((folder / "dev" / "metrics.json").read_text(encoding="utf-8"))
    return metrics


def _spread(values: list[float], digits: int = 2) -> str:
    return f"{np.mean(values):.{digits}f} ± {np.std(values):.{digits}f}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
