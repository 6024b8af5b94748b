"""Messages of an MQTT broker as events: topics, payloads, and the subscriber that acknowledges only what is durable."""
