"""What things are: frozen data and the algebra on it. Nothing here reads or writes anything."""
