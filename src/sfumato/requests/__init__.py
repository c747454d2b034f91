"""What is asked for, one class an operation; a picture carries its request in its file.

Light on purpose (no numpy, no engine at import), so that the command line can import it for free.
"""
