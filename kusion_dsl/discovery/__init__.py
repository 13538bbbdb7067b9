"""What the user wrote or installed: projects, app.py, modules."""
