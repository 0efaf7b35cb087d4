"""What is kept of links with other software: agendas, editors, the SAS."""
