"""Triggers: what is to happen when somebody enters or leaves a segment, or an event arrives. Data in, deliveries out."""
