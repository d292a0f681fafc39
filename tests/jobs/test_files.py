import subprocess
import sys

from dermxai.core import paths


def test_waiting_jobs_and_the_list_of_kinds_need_no_tables_of_data() -> None:
    """What knows where the files of other parts lie is imported when a job begins its work."""
    code = (
        "import sys; from dermxai.jobs.kinds import KINDS; import dermxai.cli.app; "
        "assert len(KINDS.all()) > 5; assert not {'pandas', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=paths.PROJECT)
