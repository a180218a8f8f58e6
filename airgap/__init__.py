"""What a stack needs from outside: listed, carried across in one file, loaded on the other side."""
