"""The lab's own authoritative DNS server."""
