package main

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"unsafe"
)

// One side as alexbrainman/sspi has it: either package, tokens in buffers of the package's longest, ..._REQ_CONNECTION alone,
// and a context's handle that is both read and written. `credentials` may serve many contexts.
type sspi struct {
	credentials *handle
	longest     uint32
	target      *uint16 // of a client
	last        bool    // NTLM's last step has no buffer for an answer
	context     handle
	begun       bool
	attributes  uint32
	expiry      syscall.Filetime
}

func (c *sspi) step(in []byte) (out []byte, done bool, err error) {
	var room []byte
	if !c.last || !c.begun {
		room = make([]byte, c.longest)
	}
	answer := token(room)
	var before *handle
	if c.begun {
		before = &c.context
	}
	c.begun = true
	var s status
	if c.target != nil {
		s = call(initializeSecurityContext, uintptr(unsafe.Pointer(c.credentials)), uintptr(unsafe.Pointer(before)),
			uintptr(unsafe.Pointer(c.target)), reqConnection, 0, nativeDrep, uintptr(unsafe.Pointer(one(token(in)))), 0,
			uintptr(unsafe.Pointer(&c.context)), uintptr(unsafe.Pointer(one(answer))), uintptr(unsafe.Pointer(&c.attributes)),
			uintptr(unsafe.Pointer(&c.expiry)))
	} else {
		s = call(acceptSecurityContext, uintptr(unsafe.Pointer(c.credentials)), uintptr(unsafe.Pointer(before)),
			uintptr(unsafe.Pointer(one(token(in)))), reqConnection, nativeDrep, uintptr(unsafe.Pointer(&c.context)),
			uintptr(unsafe.Pointer(one(answer))), uintptr(unsafe.Pointer(&c.attributes)), uintptr(unsafe.Pointer(&c.expiry)))
	}
	switch s {
	case ok, continueNeeded:
	case completeNeeded, completeAndContinue:
		if s := call(completeAuthToken, uintptr(unsafe.Pointer(&c.context)), uintptr(unsafe.Pointer(one(answer)))); s != ok {
			return nil, false, s
		}
	default:
		return nil, false, s
	}
	if room == nil && answer.size != 0 {
		return nil, false, errors.New("a token where none is expected")
	}
	return room[:answer.size], s == ok, nil
}

func (c *sspi) client() (string, error) {
	var sizes [4]uint32
	if s := query(&c.context, attrSizes, unsafe.Pointer(&sizes)); s != ok {
		return "", s
	}
	if sizes[0] == 0 || sizes[0] > c.longest {
		return "", fmt.Errorf("sizes %v", sizes)
	}
	return clientName(&c.context)
}

// The name of the user that the thread acts for while it is the client.
func (c *sspi) impersonated() (string, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if s := call(impersonateSecurityContext, uintptr(unsafe.Pointer(&c.context))); s != ok {
		return "", s
	}
	defer call(revertSecurityContext, uintptr(unsafe.Pointer(&c.context)))
	name := make([]uint16, 256)
	size := uint32(len(name))
	const nameSamCompatible = 2
	if err := syscall.GetUserNameEx(nameSamCompatible, &name[0], &size); err != nil {
		return "", err
	}
	return syscall.UTF16ToString(name[:size]), nil
}

func (c *sspi) close() {
	if c.begun {
		call(deleteSecurityContext, uintptr(unsafe.Pointer(&c.context)))
	}
}
