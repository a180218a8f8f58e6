"""DNS records of the program's host names."""
