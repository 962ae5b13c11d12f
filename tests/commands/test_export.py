"""`papertag export`, and the small difference that a model ships as."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from conftest import SAMPLE, run_papertag, tiny_run
from papertag.content import folder_hash
from papertag.models.delta import unpack
from papertag.tagging import Tagger

LISTING = SAMPLE / "new_listing.txt"


@pytest.fixture(scope="module")
def combined(tiny_encoder, sample_dataset, tmp_path_factory):
    """A model folder with a linear member, trained with the lowest weights frozen."""
    run = tmp_path_factory.mktemp("combined") / "run"
    run_papertag("train", *tiny_run(sample_dataset, tiny_encoder), "training.epochs=1", "member=linear",
                 "adaptation.freeze_embeddings=true", "adaptation.freeze_layers=1", f"output={run}")  # fmt: skip
    return run / "model"


@pytest.fixture(scope="module")
def encoder(tiny_encoder, tmp_path_factory):
    """The tiny encoder as an installed package would carry it: overrides of papertag export."""
    import hashlib

    sha256 = hashlib.sha256((tiny_encoder / "model.safetensors").read_bytes()).hexdigest()
    return {"package": "tiny_package", "sha256": sha256, "folder": tiny_encoder}


@pytest.fixture
def delta(combined, encoder, tmp_path, monkeypatch):
    package = tmp_path / "site" / "tiny_package"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "model").symlink_to(encoder["folder"])
    monkeypatch.syspath_prepend(str(package.parent))
    output = tmp_path / "delta"
    run_papertag("export", f"model={combined}", "format=delta", f"output={output}", "encoder.package=tiny_package",
                 "encoder.package_path=model", f"encoder.sha256={encoder['sha256']}")  # fmt: skip
    return output


def test_what_did_not_move_is_left_out_and_the_rest_takes_eight_bits(delta, combined):
    kept = load_file(delta / "delta.safetensors")
    assert not [name for name in kept if "embeddings" in name or "layer.0." in name]
    assert kept["bert.encoder.layer.1.attention.self.query.weight.int8"].dtype == np.int8
    whole = sum(path.stat().st_size for path in combined.iterdir() if path.name != "tokenizer.json")
    assert sum(path.stat().st_size for path in delta.iterdir()) < whole / 2


def test_the_merged_model_tags_as_the_one_it_was_made_from(delta, combined, tmp_path):
    unpack(delta, tmp_path / "merged")
    for model in (combined, tmp_path / "merged"):
        run_papertag("tag", f"input={LISTING}", f"model={model}", f"output={tmp_path / model.name}.jsonl")
    before, after = (
        [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()]
        for name in ("model", "merged")
    )
    for one, other in zip(before, after, strict=True):
        assert one["scores"].keys() == other["scores"].keys()
        assert all(abs(one["scores"][area] - other["scores"][area]) < 0.01 for area in one["scores"])


def test_a_difference_is_not_merged_with_another_encoder(delta, encoder, tmp_path, monkeypatch):
    recipe = json.loads((delta / "delta.json").read_text())
    recipe["encoder"]["sha256"] = "0" * 64
    (delta / "delta.json").write_text(json.dumps(recipe))
    from papertag.errors import UserError

    with pytest.raises(UserError, match="tiny_package"):
        unpack(delta, tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_a_damaged_difference_is_named(delta, tmp_path):
    from papertag.errors import UserError

    weights = delta / "delta.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(UserError, match="damaged"):
        unpack(delta, tmp_path / "merged")


def test_the_digest_follows_the_content(delta):
    before = folder_hash(delta)
    (delta / "papertag.json").write_text((delta / "papertag.json").read_text() + " ")
    assert folder_hash(delta) != before


def test_the_combined_model_uses_both_members(combined):
    tagger = Tagger.from_folder(combined)
    assert tagger.linear is not None
    assert tagger.metadata.calibration.linear > 0
    logits = np.zeros((1, 43), dtype=np.float32)
    alone = tagger.metadata.calibration.probabilities(logits)
    beside = tagger.metadata.calibration.probabilities(logits, logits + 2)
    assert (beside > alone).all()


def test_transformers_format_is_the_model_folder(combined, tmp_path):
    run_papertag("export", f"model={combined}", f"output={tmp_path / 'out'}")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(p.name for p in combined.iterdir())


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        (["output={full}"], "not empty"),
        (["output={tmp}/new", "model={tmp}"], "config.json"),
        (["output={tmp}/new", "format=delta", "model@encoder=encoder"], "checksum"),
        (["output={tmp}/new", "format=onnyx"], "format"),
    ],
)
def test_mistakes_are_named(combined, tmp_path, overrides, named):
    full = tmp_path / "full"
    full.mkdir()
    (full / "something").touch()
    given = [o.format(tmp=tmp_path, full=full) for o in overrides]
    if not any(o.startswith("model=") for o in given):
        given.append(f"model={combined}")
    done = run_papertag("export", *given, expect=2)
    assert named in done.stderr
