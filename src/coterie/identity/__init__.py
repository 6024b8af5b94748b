"""Who is who: merges of profiles and what they make of an id at an instant."""
