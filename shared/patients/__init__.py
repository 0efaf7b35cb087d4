"""What is known of a patient: the fields, how they are sealed, and the number that is never kept."""
