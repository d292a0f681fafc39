"""Lessons: ordered steps that a class goes through together, and what its students answer.

`definition` says what a lesson is; `library` keeps lessons, and reads and writes their files;
`preparing` makes ready what the quizzes of a session show; `sessions` is the teacher's side of a
session, `attending` the students'. All rest on the database of reader studies.
"""
