"""Runs on or near the target: timetable, runner, outbox, enrolment."""

from agent.later import put_off

put_off()  # before anything else is imported
