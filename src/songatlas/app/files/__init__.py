"""Tables that come in, and outputs that go out."""
