"""Faults by schedule: the real providers against simulators in this process, judged by an inventory."""
