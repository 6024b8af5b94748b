"""What people want, value and think: scales and their reliability, interests from what they looked at, tone and topics of their words."""
