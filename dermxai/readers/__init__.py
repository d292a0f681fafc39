"""Reader studies: people who name the disease of cases, with and without help, beside a network.

`study` says what a study is, `answers_file` reads and writes its answers, `exports` writes them for
iMRMC and R, `analysis` computes what they tell, `published` holds the study of Zhu et al. 2021.
"""
