"""`Program`: a compiled program as one object, saved to and opened from a `.weftx` file.

    weights = Weights()
    offset = weights.add(array)                       # 64-byte aligned; program.pb refers to constants by this offset
    program = Program(pb, {"x86-64-v3": CodeImage(image)}, weights)
    program.save("model.weftx")

    program = Program.open("model.weftx")             # digests over program.pb and code are checked here
    program.pb                                        # bytes of the program.proto message
    code = program.code["x86-64-v3"]                  # code.data: the image's bytes; code.file: (fd, offset) to map it from, or None
    program.weights.view(offset, np.dtype("f4"), (2, 3))   # read-only, 64-byte aligned, never copied from a file
    program.close()                                   # closes the file; arrays already taken stay valid

A compiler builds it and a VM runs it, from a file or straight from memory. Both treat the message as bytes here, so this module
does not depend on its schema.
"""
