"""From a configuration to a classifier over areas, its adaptation and its loss, and to the folder it is kept in.

Public: `ModelConfig`, `build_model`, `AdaptationConfig`, `adapt`, `merge`, `LossConfig`, `MultiLabelLoss`,
`neftune`, `Metadata`, `save_model_folder`, `load_metadata`, `load_classifier`; each in the module named for its idea.
"""
