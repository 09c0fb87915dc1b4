"""A process that imports a context which another one has exported. Arguments: the library, the package. Standard input has the
context and a message of the client's, in hexadecimal, a line each. Prints the status, and if it was imported the client and
the message, in hexadecimal."""

import sys

import sspi

sspi.load(sys.argv[1])
packed, message = (bytes.fromhex(line) for line in sys.stdin)
try:
    context = sspi.imported(sys.argv[2], packed)
    print("SEC_E_OK", context.client, context.unwrap_stream(message).hex())
except sspi.SspiError as error:
    print(error.status)
