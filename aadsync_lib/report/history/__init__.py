"""Past runs and memberships, as a store tells them."""
