"""What every runner shares: the protocol, the result, the params' check at the door."""
