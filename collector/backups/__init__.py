"""Backup policies (备份策略): what is due, what is proven, what is missing; pure, from policy, result lines, now."""
