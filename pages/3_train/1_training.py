"""Fine-tuning as it happens: curves, layers, hardware, log; compare, resume, open the result."""

import streamlit as st

from dermxai.ui.pages.training import training

ICON = ":material/model_training:"

st.title("Training")
known = training.trainings()
if known:
    training.board(training.ask_jobs(known))
else:
    training.nothing_yet()
