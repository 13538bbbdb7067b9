"""What would be refused: a Spec against what providers and Kubernetes take, before anybody is asked."""
