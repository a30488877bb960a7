"""Messages: what is told to customers and staff in plain words, once for each event."""
