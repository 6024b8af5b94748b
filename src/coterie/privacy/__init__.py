"""What is promised to people: consent read from signals, pseudonyms, who must not come back, what an erasure removed. Pure."""
