import numpy as np
import pytest
import torch

from papertag import load_taxonomy
from papertag.models.adaptation import AdaptationConfig, AdaptationKind, adapt, head_names, merge, trainable
from papertag.models.classifier import build_model
from papertag.models.pretrained import ModelConfig

TAXONOMY = load_taxonomy()
RATE = np.full(43, 0.05, dtype=np.float32)


@pytest.fixture
def model(tiny_encoder):
    torch.manual_seed(0)
    return build_model(ModelConfig(name="tiny", path=str(tiny_encoder)), TAXONOMY, RATE, network=False)[0]


INPUTS = {"input_ids": torch.tensor([[101, 2023, 2003, 102]]), "attention_mask": torch.ones(1, 4, dtype=torch.long)}


def test_a_fresh_head_carries_the_areas_and_predicts_their_frequency(model):
    assert [model.config.id2label[i] for i in range(43)] == list(TAXONOMY.areas)
    assert model.config.problem_type == "multi_label_classification"
    with torch.no_grad():
        probability = model.eval()(**INPUTS).logits.sigmoid()
    assert probability.mean().item() == pytest.approx(0.05, abs=0.01)


def test_full_trains_everything(model):
    trained, everything = trainable(adapt(model, AdaptationConfig()))
    assert trained == everything


def test_head_only_trains_pooler_and_classifier_alone(model):
    adapted = adapt(model, AdaptationConfig(kind=AdaptationKind.head_only))
    names = {
        name.split(".")[-2] if "pooler" not in name else "pooler"
        for name, p in adapted.named_parameters()
        if p.requires_grad
    }
    assert names == {"pooler", "classifier"}


def test_lora_trains_updates_and_head_and_merges_into_an_ordinary_model(model):
    before = {name: p.clone() for name, p in model.named_parameters()}
    adapted = adapt(model, AdaptationConfig(kind=AdaptationKind.lora, rank=4)).train()
    trained, everything = trainable(adapted)
    assert 0 < trained < everything / 2
    optimizer = torch.optim.SGD([p for p in adapted.parameters() if p.requires_grad], lr=1.0)
    for _ in range(3):
        adapted(**INPUTS).logits.sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    with torch.no_grad():
        expected = adapted.eval()(**INPUTS).logits
        merged = merge(adapted)
        assert torch.allclose(merged.eval()(**INPUTS).logits, expected, atol=1e-4)
    changed = {name for name, p in merged.named_parameters() if not torch.equal(p, before[name])}
    assert changed > {"classifier.weight"}
    assert any("attention" in name for name in changed)
    assert not any("embeddings" in name for name in changed)
    assert head_names(merged) == ["pooler", "classifier"]
