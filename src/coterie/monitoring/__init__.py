"""What is normal, and what is not: measures of a day, their baselines, and findings. Pure: no I/O, no wall clock."""
