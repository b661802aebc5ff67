"""The catalogue: materials, assay parameters, grades, uses, treatments, districts and the figures behind them."""
