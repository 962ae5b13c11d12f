import numpy as np
from datasets import Dataset

from papertag.training.data import draw, epoch_batches

LENGTHS = np.random.default_rng(0).integers(10, 400, 1003)


def test_an_epoch_holds_every_paper_once():
    batches = epoch_batches(LENGTHS, 16, seed=3, epoch=0)
    assert sorted(i for batch in batches for i in batch) == list(range(len(LENGTHS)))
    assert max(map(len, batches)) == 16


def test_the_order_depends_on_seed_and_epoch_and_on_nothing_else():
    first = epoch_batches(LENGTHS, 16, seed=3, epoch=1)
    np.random.default_rng().random(5)
    assert first == epoch_batches(LENGTHS, 16, seed=3, epoch=1)
    assert first != epoch_batches(LENGTHS, 16, seed=3, epoch=2)
    assert first != epoch_batches(LENGTHS, 16, seed=4, epoch=1)


def test_papers_of_like_length_stand_together():
    def padding(batches):
        return sum(len(batch) * max(LENGTHS[batch]) - sum(LENGTHS[batch]) for batch in batches) / LENGTHS.sum()

    in_order = [list(range(i, min(i + 16, len(LENGTHS)))) for i in range(0, len(LENGTHS), 16)]
    assert padding(epoch_batches(LENGTHS, 16, seed=0, epoch=0)) < 0.1 * padding(in_order)


def test_several_processes_get_the_same_number_of_batches():
    alone = epoch_batches(LENGTHS, 16, seed=0, epoch=0)
    shared = epoch_batches(LENGTHS, 16, seed=0, epoch=0, processes=2)
    assert len(alone) % 2 == 1
    assert shared == [*alone, alone[0]]
    assert len(epoch_batches(LENGTHS[:5], 16, seed=0, epoch=0, processes=4)) == 4


def test_a_smaller_draw_is_part_of_a_larger_one_and_the_seed_changes_it():
    split = Dataset.from_dict({"id": list(range(100))})
    drawn = {(papers, seed): draw(split, papers, seed)["id"] for papers in (10, 40, 100) for seed in (0, 1)}
    assert set(drawn[10, 0]) < set(drawn[40, 0]) < set(drawn[100, 0])
    assert set(drawn[40, 0]) != set(drawn[40, 1])
    assert list(drawn[40, 0]) == sorted(drawn[40, 0])
    assert max(drawn[10, 0]) > 40, "not the first ones"
    assert len(drawn[10, 0]) == 10
