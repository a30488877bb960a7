"""Settings, command line, supervisor, clocks and wiring: what turns the layers into processes."""
