"""Who people are: ways in, what they are told, what they set, who saw what."""
