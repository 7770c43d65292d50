@rem "exec" for Windows: package.json says it so that a POSIX shell hands its place, and npm's signals, to Node.
@%*
