"""Learning from a project: features, clusters, value and drift over its log; what is learned is published as traits."""
