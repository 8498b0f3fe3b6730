"""The commands of export, a module each."""
