"""Protocols on the wire, as bytes and values: Diameter, RADIUS, charging records. All pure."""
