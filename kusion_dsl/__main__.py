"""``python -m kusion_dsl`` is ``kusion``."""

from kusion_dsl.cli.main import main

main()
