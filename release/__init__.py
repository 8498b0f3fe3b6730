"""What is given to others: packages, artifacts, and the licences of all that ships."""
