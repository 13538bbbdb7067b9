"""What every backend must do, as tests that each of them passes, and an S3 that does what it is told to do wrong."""
