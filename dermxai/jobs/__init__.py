"""Jobs: long work in processes and folders of their own, which outlive browser and server."""

from dermxai.jobs.job import Job, Progress, State, find_job, list_jobs, open_job
from dermxai.jobs.submission import cancel, delete, form_token, resume, submit

__all__ = [
    "Job",
    "Progress",
    "State",
    "cancel",
    "delete",
    "find_job",
    "form_token",
    "list_jobs",
    "open_job",
    "resume",
    "submit",
]
