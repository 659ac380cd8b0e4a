"""Tables about models: policy values, scored displays, feature importance."""
