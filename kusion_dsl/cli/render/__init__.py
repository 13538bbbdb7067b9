"""The only printer: values become text for people or documents for programs, secrets masked."""
