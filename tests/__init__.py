"""Tests by tiers: unit, functional, integration."""
