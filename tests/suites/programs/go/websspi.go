package main

import (
	"fmt"
	"syscall"
	"unsafe"
)

// Accepts as quasoft/websspi does: Negotiate only, tokens in the library's memory, each call with a new variable for the
// context's handle, and the client's flags, name and access token asked for at the end.
type websspi struct {
	credentials *handle
	context     handle
}

func (w *websspi) step(in []byte) (out []byte, done bool, err error) {
	var answer secBuffer
	answer.kind = bufferToken
	var before *handle
	if w.context != (handle{}) {
		before = &handle{w.context.lower, w.context.upper}
	}
	var after handle
	var attributes uint32
	var expiry syscall.Filetime
	s := call(acceptSecurityContext, uintptr(unsafe.Pointer(w.credentials)), uintptr(unsafe.Pointer(before)),
		uintptr(unsafe.Pointer(one(token(in)))),
		reqAllocateMemory|reqMutualAuth|reqConfidentiality|reqIntegrity|reqReplayDetect|reqSequenceDetect, nativeDrep,
		uintptr(unsafe.Pointer(&after)), uintptr(unsafe.Pointer(one(&answer))), uintptr(unsafe.Pointer(&attributes)),
		uintptr(unsafe.Pointer(&expiry)))
	if after != (handle{}) {
		w.context = after
	}
	if s == ok || s == continueNeeded {
		out = append(out, unsafe.Slice(answer.at, answer.size)...)
	}
	if answer.at != nil {
		if freed := call(freeContextBuffer, uintptr(unsafe.Pointer(answer.at))); freed != ok {
			return nil, false, freed
		}
	}
	if s != ok && s != continueNeeded {
		return nil, false, s
	}
	return out, s == ok, nil
}

func (w *websspi) client() (string, error) {
	var flags uint32
	if s := query(&w.context, attrFlags, unsafe.Pointer(&flags)); s != ok {
		return "", s
	}
	if flags&reqIntegrity == 0 {
		return "", fmt.Errorf("flags %#x", flags)
	}
	return clientName(&w.context)
}

func (w *websspi) close() {
	if w.context != (handle{}) {
		call(deleteSecurityContext, uintptr(unsafe.Pointer(&w.context)))
	}
}

// The number of groups of the client's access token. It belongs to the context and is not closed.
func (w *websspi) groups() (int, error) {
	var access syscall.Token
	if s := query(&w.context, attrAccessToken, unsafe.Pointer(&access)); s != ok {
		return 0, s
	}
	var size uint32
	if err := syscall.GetTokenInformation(access, syscall.TokenGroups, nil, 0, &size); err != syscall.ERROR_INSUFFICIENT_BUFFER {
		return 0, err
	}
	information := make([]byte, size)
	if err := syscall.GetTokenInformation(access, syscall.TokenGroups, &information[0], size, &size); err != nil {
		return 0, err
	}
	return int(*(*uint32)(unsafe.Pointer(&information[0]))), nil
}
