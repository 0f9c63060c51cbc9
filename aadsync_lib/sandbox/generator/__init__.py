"""The parts of which a fictional company is made."""
