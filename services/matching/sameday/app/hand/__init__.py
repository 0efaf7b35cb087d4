"""What people do by hand with a request: hold and confirm, change, hand over, tell, close."""
