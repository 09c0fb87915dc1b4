// A program that makes the calls of quasoft/websspi and of alexbrainman/sspi, which have no C in them: through package syscall,
// by numbers.
//
//	go.exe server PORT                                  an HTTP server on loopback: /websspi, /negotiate, /ntlm
//	go.exe client PACKAGE URL DOMAIN USER PASSWORD      asks for one page, and prints the answer's status and body
//
// Both have just as much of HTTP as curl and the tests' server need: net/http takes long to compile.
package main

import "os"

func main() {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "server":
		serve(os.Args[2])
	case len(os.Args) == 7 && os.Args[1] == "client":
		ask(os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6])
	default:
		os.Exit(2)
	}
}
