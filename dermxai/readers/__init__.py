"""Reader studies: people who name the disease of cases, with and without help, beside a network.

A study here: `definition` says what it asks for, `drawing` draws its cases, `advice` is what the AI
shows, `studies` makes and finds it, `sitting` is what a reader sees and gives, `stored_answers` are
its answers as tables, `store` the database, `importing` brings answers into it.

Answers of any study: `answered` is what they are, `answers_file` reads and writes them, `exam` has
a network answer the same cases, `exports` writes them for iMRMC and R, `analysis` computes what
they tell, `published` holds the study of Zhu et al. 2021.
"""
