package main

import (
	"bufio"
	"encoding/base64"
	"net"
	"runtime"
	"strconv"
	"strings"
)

// One client's logon.
type logon interface {
	step(in []byte) (out []byte, done bool, err error)
	client() (string, error)
	close()
}

// What a path's clients authenticate by.
type way struct {
	scheme string
	begin  func() logon
}

func serve(port string) {
	forWebsspi := acquire("Negotiate", credInbound, nil)
	forNegotiate := acquire("Negotiate", credInbound, nil)
	forNtlm := acquire("NTLM", credInbound, nil)
	negotiate, ntlm := maxToken("Negotiate"), maxToken("NTLM")
	ways := map[string]way{
		"/websspi":   {"Negotiate", func() logon { return &websspi{credentials: &forWebsspi} }},
		"/negotiate": {"Negotiate", func() logon { return &sspi{credentials: &forNegotiate, longest: negotiate} }},
		"/ntlm":      {"NTLM", func() logon { return &sspi{credentials: &forNtlm, longest: ntlm, last: true} }},
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:"+port)
	if err != nil {
		panic(err)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go func() {
			defer connection.Close()
			serveConnection(connection, ways)
		}()
	}
}

// NTLM authenticates a connection, so that the logon belongs to it.
func serveConnection(connection net.Conn, ways map[string]way) {
	in := bufio.NewReader(connection)
	var current logon
	defer func() {
		if current != nil {
			current.close()
		}
	}()
	for {
		path, authorization, err := readRequest(in)
		if err != nil {
			return
		}
		runtime.GC() // moves and frees what the library must not have kept
		chosen, known := ways[path]
		if !known {
			answer(connection, "404 Not Found", "", "no such page")
			return
		}
		scheme, given, _ := strings.Cut(authorization, " ")
		token, err := base64.StdEncoding.DecodeString(strings.TrimSpace(given))
		if scheme != chosen.scheme || err != nil || len(token) == 0 {
			answer(connection, "401 Unauthorized", chosen.scheme, "")
			continue
		}
		if current == nil {
			current = chosen.begin()
		}
		out, done, err := current.step(token)
		challenge := chosen.scheme
		if len(out) > 0 {
			challenge += " " + base64.StdEncoding.EncodeToString(out)
		}
		switch {
		case err != nil:
			answer(connection, "401 Unauthorized", chosen.scheme, err.Error())
		case !done:
			answer(connection, "401 Unauthorized", challenge, "")
			continue
		default:
			answer(connection, "200 OK", challenge, describe(current))
		}
		current.close()
		current = nil
	}
}

// The client's name, then what the library tells of the client to the system.
func describe(l logon) string {
	name, err := l.client()
	if err != nil {
		return err.Error()
	}
	var more string
	switch l := l.(type) {
	case *websspi:
		n, err := l.groups()
		more = "groups " + strconv.Itoa(n)
		if err != nil {
			more = err.Error()
		}
	case *sspi:
		more, err = l.impersonated()
		if err != nil {
			more = err.Error()
		}
	}
	return name + "\n" + more
}

func readRequest(in *bufio.Reader) (path, authorization string, err error) {
	first, err := in.ReadString('\n')
	if err != nil {
		return
	}
	if words := strings.Fields(first); len(words) == 3 {
		path = words[1]
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return "", "", err
		}
		line = strings.TrimSpace(line)
		if line == "" {
			return path, authorization, nil
		}
		if name, value, _ := strings.Cut(line, ":"); strings.EqualFold(name, "Authorization") {
			authorization = strings.TrimSpace(value)
		}
	}
}

func answer(connection net.Conn, status, challenge, body string) {
	head := "HTTP/1.1 " + status + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n"
	if challenge != "" {
		head += "WWW-Authenticate: " + challenge + "\r\n"
	}
	connection.Write([]byte(head + "\r\n" + body))
}
