"""Rancher: the chart, the check that it answers, its first login and the stuck cluster "local"."""
