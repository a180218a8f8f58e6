"""Rules for TLS certificates: what PEM text holds, which chains clients accept, and why they refuse one.

Two kinds of clients decide: Go programs (Rancher, its agents, Helm) and OpenSSL programs (curl, nginx).
"""
