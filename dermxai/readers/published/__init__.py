"""The reader study of Zhu et al. 2021 (doi:10.3389/fmed.2021.626369): `tables` holds its printed
numbers, `checks` recomputes what can be recomputed."""
