"""What a customer is worth: how often they will buy, whether they are still customers, how much they spend."""
