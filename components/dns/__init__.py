"""DNS records of the program's host names."""

from components.dns.component import DnsRecord, DnsRecordArgs, record_text
from components.dns.preflight import UpdateAccess

__all__ = ["DnsRecord", "DnsRecordArgs", "UpdateAccess", "record_text"]
