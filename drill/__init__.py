"""The article's failure test as a program: what is killed, what users notice of it, and how it comes back."""
