"""Restore drills: a backup is restored into a throwaway instance, read whole, and asked questions.

Nothing of a drill can reach the network, other people's files or production: it happens in a cell (`cell`),
under an unprivileged user, in a directory of its own with a quota (`room`), and a journal (`journal`) lets
the next start remove what a killed agent left behind.
"""
