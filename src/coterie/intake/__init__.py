"""What happens to every event between its decoding and its person: pure stages, one after the other."""
