"""What should exist: applications and a workspace compiled to a Spec. Pure functions."""
