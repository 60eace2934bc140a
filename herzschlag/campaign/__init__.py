"""Campaigns: a matrix of runs, spread over processes and machines by Dask, resumable, judged together."""
