"""The laws: random definitions, logs and instants on which all readers must agree, and planted faults that prove it shows."""
