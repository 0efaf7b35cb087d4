"""What must hold whatever breaks: sockets that fall silent, calls that drag, processes that die."""
