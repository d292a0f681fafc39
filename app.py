"""DermXAI: `python -m streamlit run app.py`.

Streamlit takes a folder `pages` beside its script for the pages of an older kind, and tells the
first visitor who follows a link that there is no such page. So the server imports this file and
runs the frame as its script.
"""

from streamlit import App

from dermxai.ui import frame

app = App(frame.__file__)

if __name__ == "__main__":
    frame.run()
