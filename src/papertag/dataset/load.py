"""A dataset folder back to memory, checked before anyone trains on it."""

import hashlib
import json
from pathlib import Path
from typing import Any

from papertag.dataset.features import features
from papertag.dataset.split import SPLITS, TRAIN
from papertag.errors import UserError
from papertag.paper import input_text
from papertag.taxonomy import Taxonomy

METADATA = "papertag.json"
_AGAIN = "build it again with 'papertag build'"


def load_folder(path: str | Path) -> tuple[Any, dict[str, Any]]:
    """Read a folder made by `papertag build`.

    The Parquet files are read straight into memory, about 3 kB a paper: `datasets.load_dataset` would first
    copy them into its cache on disk. Nothing is written and nothing is asked of the network.

    Returns:
        the `datasets.DatasetDict` of its splits, and the content of its ``papertag.json``.

    Raises:
        UserError: it is no such folder, its taxonomy or a column is missing or does not fit, a paper stands in two
            splits, or there is none to train on.
    """
    folder = Path(path)
    metadata = _metadata(folder)
    taxonomy = Taxonomy(metadata["taxonomy"]["groups"])
    from datasets import DatasetDict

    splits = {name: split for name in SPLITS if (split := _split(folder, name, taxonomy)) is not None}
    if TRAIN not in splits or not len(splits[TRAIN]):
        raise UserError(f"{folder} has no papers in its train split: {_AGAIN} from more papers")
    _check_overlap(folder, splits)
    return DatasetDict(splits), metadata


def _metadata(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise UserError(f"dataset folder {folder} does not exist: make one with 'papertag build output={folder} ...'")
    file = folder / METADATA
    try:
        metadata = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{folder} is not a dataset folder: it has no {METADATA}, as 'papertag build' writes") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{file} cannot be read ({error}): {_AGAIN}") from None
    groups = metadata.get("taxonomy", {}).get("groups") if isinstance(metadata, dict) else None
    if not isinstance(groups, dict) or not groups or not all(isinstance(areas, dict) for areas in groups.values()):
        raise UserError(f"{file} holds no taxonomy: {_AGAIN}")
    return dict(metadata)


def _split(folder: Path, name: str, taxonomy: Taxonomy) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from datasets import Dataset
    from datasets.table import InMemoryTable

    files = sorted((folder / "data").glob(f"{name}-*-of-*.parquet"))
    if not files:
        return None
    expected = features(len(taxonomy.areas))
    tables = []
    for file in files:
        try:
            table = pq.read_table(file)
        except (OSError, pa.ArrowInvalid) as error:
            raise UserError(f"{file} cannot be read ({error}): {_AGAIN}") from None
        for field in expected.arrow_schema:
            found = table.schema.field(field.name).type if field.name in table.schema.names else "missing"
            if found != field.type:
                raise UserError(
                    f"{file}: column {field.name!r} is {found}, and {METADATA} (with {len(taxonomy.areas)} areas) "
                    f"asks for {field.type}: {_AGAIN}"
                )
        tables.append(table.select(expected.arrow_schema.names))
    whole = pa.concat_tables(tables).replace_schema_metadata(expected.arrow_schema.metadata)
    return Dataset(InMemoryTable(whole), split=name)


def _check_overlap(folder: Path, splits: dict[str, Any]) -> None:
    seen_ids: dict[str, str] = {}
    seen_texts: dict[bytes, tuple[str, str]] = {}
    for name, split in splits.items():
        columns = [split.data.column(column).to_pylist() for column in ("id", "title", "abstract")]
        for paper_id, title, abstract in zip(*columns, strict=True):
            if (other := seen_ids.setdefault(paper_id, name)) != name:
                raise UserError(f"{folder}: the splits {other} and {name} both hold paper {paper_id!r}: {_AGAIN}")
            text = hashlib.blake2b(input_text(title, abstract).encode(), digest_size=16).digest()
            other, other_id = seen_texts.setdefault(text, (name, paper_id))
            if other != name:
                raise UserError(
                    f"{folder}: paper {other_id!r} of {other} and paper {paper_id!r} of {name} have the same text: "
                    f"{_AGAIN}"
                )
