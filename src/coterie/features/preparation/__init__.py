"""From features to numbers that can be compared: missing values, outliers, transforms, scales, codes."""
