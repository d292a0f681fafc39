import os
import subprocess
import sys
from pathlib import Path

from dermxai.core.paths import PROJECT

SCRIPT = """
from pathlib import Path
from dermxai.data.atlas import AtlasSettings, write_atlas

here = Path(__file__).parent
with (here / "runs.txt").open("a") as file:
    file.write("run\\n")
settings = AtlasSettings(images=20, size=32)
print(write_atlas(here / "atlas", settings, workers=2))
"""


def test_a_script_without_a_guard_is_run_once(tmp_path: Path) -> None:
    """Spawned processes would run it again, and fail."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(tmp_path / "atlas")
    assert (tmp_path / "runs.txt").read_text() == "run\n"
    assert len(list((tmp_path / "atlas" / "images").iterdir())) == 20
