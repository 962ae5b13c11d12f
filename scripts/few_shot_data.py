"""Hold areas out of the taxonomy, and draw a few labelled papers for each: the data of scripts/few_shot.sh.

python scripts/few_shot_data.py PAPERS.jsonl DEV.jsonl OUTPUT area [area ...]

PAPERS and DEV hold labelled papers (title, abstract, areas). Into OUTPUT go
  base.yaml, base.jsonl    the taxonomy without the areas, and 4,000 papers that have an area of it
  new.yaml                 the held-out areas alone
  draw0.jsonl ...          8 papers an area, three times over, none of them in base.jsonl
  background.jsonl         500 more papers without their areas, as a listing brings them
  dev-base.jsonl, dev-new.jsonl, dev.jsonl   DEV under each taxonomy
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from papertag.taxonomy import load_taxonomy

BASE_PAPERS = 4_000
BACKGROUND_PAPERS = 500
EXAMPLES = 8
DRAWS = 3

Record = dict[str, Any]


def main(papers: Path, dev: Path, output: Path, held_out: Sequence[str]) -> None:
    """Write every file of OUTPUT."""
    taxonomy = load_taxonomy()
    taxonomy.check(held_out, "the command line")
    output.mkdir(parents=True, exist_ok=True)
    for name, keep in (("base", set(taxonomy.areas) - set(held_out)), ("new", set(held_out))):
        groups = {
            group: {area: text for area, text in areas.items() if area in keep}
            for group, areas in taxonomy.groups.items()
            if keep & areas.keys()
        }
        with (output / f"{name}.yaml").open("w", encoding="utf-8") as file:
            YAML().dump({"groups": groups}, file)
        _write(output / f"dev-{name}.jsonl", (_with_areas(r, keep) for r in _read(dev)))
    _write(output / "dev.jsonl", _read(dev))

    records = _read(papers)
    order = np.random.default_rng(0).permutation(len(records))
    shuffled = [records[i] for i in order]
    known = [r for r in shuffled if set(r["areas"]) - set(held_out)][:BASE_PAPERS]
    taken = {r["id"] for r in known}
    _write(output / "base.jsonl", (_with_areas(r, set(taxonomy.areas) - set(held_out)) for r in known))
    pool = [r for r in shuffled if r["id"] not in taken]
    background, pool = pool[:BACKGROUND_PAPERS], pool[BACKGROUND_PAPERS:]
    _write(output / "background.jsonl", ({k: v for k, v in r.items() if k != "areas"} for r in background))
    for draw in range(DRAWS):
        turn = np.random.default_rng(draw).permutation(len(pool))
        _write(output / f"draw{draw}.jsonl", _drawn([pool[i] for i in turn], held_out))


def _drawn(pool: Sequence[Record], areas: Sequence[str]) -> list[Record]:
    """Return papers so that every area has `EXAMPLES` of them, or one more where papers carry two areas."""
    chosen: list[Record] = []
    have: Counter[str] = Counter()
    for area in areas:
        for record in pool:
            if have[area] >= EXAMPLES:
                break
            mine = set(record["areas"]) & set(areas)
            if area not in mine or any(have[other] >= EXAMPLES for other in mine):
                continue
            chosen.append(_with_areas(record, set(areas)))
            have.update(mine)
    return chosen


def _with_areas(record: Record, areas: set[str]) -> Record:
    return {**record, "areas": [area for area in record["areas"] if area in areas]}


def _read(path: Path) -> list[Record]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _write(path: Path, records: Iterable[Record]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
