"""Systems that are asked over HTTP as sources: REST and GraphQL, and what they share."""
