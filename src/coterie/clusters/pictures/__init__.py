"""What of a clustering is drawn, as plain numbers: maps, silhouettes, profiles, trees."""
