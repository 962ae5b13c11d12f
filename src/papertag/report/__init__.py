"""What a reader looks at: finished runs, predictions and tagged papers as tables, figures and pages.

Public: `runs.finished_runs`, `scoring.scored`, `comparison.compare`, `curve.learning_curves`, `write.write_report`,
`reliability.reliability_figure`.
"""
