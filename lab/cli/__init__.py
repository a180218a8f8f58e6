"""Stand-ins for the command lines ``pks``, ``tkgi`` and ``bosh``; standard library only, for a fast start."""
