package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Logs on with a name and a password, in one connection.
func ask(name, url, domain, user, password string) {
	identity := &authIdentity{flags: unicode}
	identity.user, identity.userLength = counted(user)
	identity.domain, identity.domainLength = counted(domain)
	identity.password, identity.passwordLength = counted(password)
	credentials := acquire(name, credOutbound, identity)
	logon := &sspi{credentials: &credentials, longest: maxToken(name), target: utf16("HTTP/server.example.test")}
	defer logon.close()

	host, path, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	connection, err := net.Dial("tcp4", host)
	if err != nil {
		panic(err)
	}
	in := bufio.NewReader(connection)
	var challenge []byte
	for {
		token, _, err := logon.step(challenge)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Fprintf(connection, "GET /%s HTTP/1.1\r\nHost: server.example.test\r\nAuthorization: %s %s\r\n\r\n", path, name,
			base64.StdEncoding.EncodeToString(token))
		status, header, body := readAnswer(in)
		_, answered, _ := strings.Cut(header, " ")
		challenge, _ = base64.StdEncoding.DecodeString(answered)
		if status != 401 || len(challenge) == 0 {
			fmt.Println(status)
			fmt.Println(body)
			return
		}
	}
}

func counted(text string) (*uint16, uint32) {
	characters, err := syscall.UTF16FromString(text)
	if err != nil {
		panic(err)
	}
	return &characters[0], uint32(len(characters) - 1)
}

func readAnswer(in *bufio.Reader) (status int, challenge, body string) {
	size := 0
	for first := true; ; first = false {
		line, err := in.ReadString('\n')
		if err != nil {
			panic(err)
		}
		line = strings.TrimSpace(line)
		if line == "" {
			break
		}
		if words := strings.Fields(line); first && len(words) > 1 {
			status, _ = strconv.Atoi(words[1])
		}
		name, value, _ := strings.Cut(line, ":")
		switch strings.ToLower(name) {
		case "www-authenticate":
			challenge = strings.TrimSpace(value)
		case "content-length":
			size, _ = strconv.Atoi(strings.TrimSpace(value))
		}
	}
	content := make([]byte, size)
	io.ReadFull(in, content)
	return status, challenge, string(content)
}
