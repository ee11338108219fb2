"""Checks of applications and of what stands around them: mail, directory, message, video, room."""
