"""DNS records of the program's host names."""

from components.dns.component import DnsRecord, DnsRecordArgs
from components.dns.modes import DnsMode, dns_mode

__all__ = ["DnsMode", "DnsRecord", "DnsRecordArgs", "dns_mode"]
