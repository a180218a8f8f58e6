"""The article's failure test as a program: what is killed, what users notice, how the cluster recovers."""
