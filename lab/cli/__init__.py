"""Stand-ins for the commands ``pks``, ``tkgi`` and ``bosh``; standard library only, for a fast start."""
