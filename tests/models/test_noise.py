import math

import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from papertag.models.adaptation import AdaptationConfig, AdaptationKind, adapt
from papertag.models.noise import neftune

TEXTS = ["one two three", "one two three four five six seven eight nine ten"]


@pytest.fixture
def tokenizer(tiny_encoder):
    return AutoTokenizer.from_pretrained(tiny_encoder)


@pytest.fixture
def model(tiny_encoder):
    model = AutoModel.from_pretrained(tiny_encoder)
    model.embeddings.dropout.p = 0.0
    return model


def embedded(model, batch):
    with torch.no_grad():
        return model.get_input_embeddings()(batch["input_ids"])


def test_noise_is_uniform_scaled_by_the_tokens_of_each_text_and_spares_padding(model, tokenizer):
    batch = tokenizer(TEXTS, padding=True, return_tensors="pt")
    clean = embedded(model.train(), batch)
    with neftune(model, 5.0):
        draws = torch.stack([embedded(model, batch) - clean for _ in range(40)])
    lengths = batch["attention_mask"].sum(dim=1).tolist()
    assert lengths == [5, 12]
    for row, length in enumerate(lengths):
        noise, bound = draws[:, row, :length], 5.0 / math.sqrt(length * 32)
        assert 0.98 * bound < noise.abs().max() <= 1.001 * bound
        assert noise.mean().abs() < 0.05 * bound
        assert noise.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.05)
        assert not draws[:, row, length:].any()


def test_there_is_no_noise_in_prediction_nor_after_the_handle_is_removed(model, tokenizer):
    batch = tokenizer(TEXTS, padding=True, return_tensors="pt")
    clean = embedded(model, batch)
    handle = neftune(model, 5.0)
    assert not torch.equal(embedded(model.train(), batch), clean)
    assert torch.equal(embedded(model.eval(), batch), clean)
    handle.remove()
    assert torch.equal(embedded(model.train(), batch), clean)


def test_noise_reaches_an_adapted_model_and_its_gradients_stay(tiny_encoder, tokenizer):
    from transformers import AutoModelForSequenceClassification

    plain = AutoModelForSequenceClassification.from_pretrained(tiny_encoder)
    model, prompted = adapt(plain, tokenizer, AdaptationConfig(kind=AdaptationKind.prompt_tuning, num_virtual_tokens=2))
    batch = prompted(TEXTS, padding=True, return_tensors="pt")
    clean = embedded(model, batch)
    with neftune(model, 5.0):
        assert not torch.equal(embedded(model.train(), batch), clean)
        model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits.sum().backward()
    [prompt] = [p for n, p in model.named_parameters() if p.requires_grad and "embeddings" in n]
    assert prompt.grad.abs().sum() > 0
