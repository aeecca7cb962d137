"""Photos read and embedded by other processes and machines, on Dask distributed."""
