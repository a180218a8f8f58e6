"""DNS records, against the lab's server and BIND."""
