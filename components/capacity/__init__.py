"""The plan for a pod network: its figures for the policies, live where NSX-T can be read."""
