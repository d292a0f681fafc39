"""Multi-reader multi-case analysis: several readers, several treatments (ways of reading), one set
of cases.

`ratings` holds what was answered, `figures` measures each reader with each treatment and how these
measures vary together, `obuchowski_rockette`, `dorfman_berbaum_metz` and `u_statistics` test
differences, `device` compares readers with one fixed device, `roe_metz` draws studies, `power`
tells how large one must be.
"""
