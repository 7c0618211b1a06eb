"""The runner beside its peers and the physical floor, on the same projects, in turns."""
