"""The scan of a folder of music: processes that measure files, a store that keeps it, the songs table.

The parent (`scanning`, `rounds`) hands out one file at a time to its `workers`, alone writes what they answer
into the `store`, and makes the `table` of it at the end. What runs inside a worker is `inside_worker`.
"""
