"""Rules for other people's systems, by what their kernels and their own lines say."""
