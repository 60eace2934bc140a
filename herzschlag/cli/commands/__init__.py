"""Commands about files and folders, one purpose a file: scenario files, finished runs, help."""
