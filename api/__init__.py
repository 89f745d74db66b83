"""weft: a graph compiler and a virtual machine for a serialized dataflow IR."""
