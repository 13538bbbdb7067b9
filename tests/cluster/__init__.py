"""A Kubernetes control plane without containers: its parts built from their published Go modules, and started."""
