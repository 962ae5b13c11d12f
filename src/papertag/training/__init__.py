"""From a dataset and a model to a run folder: the loop, what it measures, and how it resumes.

Public: `TrainConfig`, `train`; `metrics.compute` and `calibrate.fit` serve evaluation too.
"""
