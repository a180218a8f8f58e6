"""Reads from an NSX-T manager what others use of a pod network. Read-only; the auditor role is enough."""
