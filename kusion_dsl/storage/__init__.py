"""What we remember: backends, workspaces, releases, leases."""
