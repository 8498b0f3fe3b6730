"""What is measured of posewire; figures.json holds every published figure once."""
