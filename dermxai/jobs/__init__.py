"""Jobs: long work in processes and folders of their own, which outlive browser and server."""

from dermxai.jobs.job import Job, Progress, State, find_job, list_jobs, open_job
from dermxai.jobs.local import cancel, resume, submit

__all__ = [
    "Job",
    "Progress",
    "State",
    "cancel",
    "find_job",
    "list_jobs",
    "open_job",
    "resume",
    "submit",
]
