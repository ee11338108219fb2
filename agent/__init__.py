"""Runs on or near the target: timetable, runner, outbox, enrolment."""
