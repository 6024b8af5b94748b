"""What is known of a profile: how its records fold into traits."""
