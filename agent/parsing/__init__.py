"""Outputs of network devices' command lines read into named fields; what does not fit is not read."""
