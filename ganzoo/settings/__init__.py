"""What a user may configure, and sentences for what cannot be configured."""
