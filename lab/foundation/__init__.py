"""The simulated foundation: PKS API with UAA, BOSH Director and NSX-T manager, in one process."""
