package main

import (
	"fmt"
	"syscall"
	"unsafe"
)

// Go looks for this name in the system's folder only, since package syscall itself uses that DLL.
var secur32 = syscall.NewLazyDLL("secur32.dll")

var (
	acquireCredentialsHandle   = secur32.NewProc("AcquireCredentialsHandleW")
	acceptSecurityContext      = secur32.NewProc("AcceptSecurityContext")
	initializeSecurityContext  = secur32.NewProc("InitializeSecurityContextW")
	completeAuthToken          = secur32.NewProc("CompleteAuthToken")
	queryContextAttributes     = secur32.NewProc("QueryContextAttributesW")
	querySecurityPackageInfo   = secur32.NewProc("QuerySecurityPackageInfoW")
	impersonateSecurityContext = secur32.NewProc("ImpersonateSecurityContext")
	revertSecurityContext      = secur32.NewProc("RevertSecurityContext")
	deleteSecurityContext      = secur32.NewProc("DeleteSecurityContext")
	freeCredentialsHandle      = secur32.NewProc("FreeCredentialsHandle")
	freeContextBuffer          = secur32.NewProc("FreeContextBuffer")
)

// A SECURITY_STATUS.
type status uint32

const (
	ok                  status = 0
	continueNeeded      status = 0x00090312
	completeNeeded      status = 0x00090313
	completeAndContinue status = 0x00090314
)

func (s status) Error() string { return fmt.Sprintf("status %#x", uint32(s)) }

const (
	credInbound  = 1
	credOutbound = 2
	nativeDrep   = 16
	bufferToken  = 2
	unicode      = 2

	reqMutualAuth      = 0x2
	reqReplayDetect    = 0x4
	reqSequenceDetect  = 0x8
	reqConfidentiality = 0x10
	reqAllocateMemory  = 0x100
	reqConnection      = 0x800 // 0x800 of both ASC_REQ_CONNECTION and ISC_REQ_CONNECTION
	reqIntegrity       = 0x20000

	attrSizes       = 0
	attrNames       = 1
	attrFlags       = 14
	attrAccessToken = 18
)

type handle struct{ lower, upper uintptr }

type secBuffer struct {
	size, kind uint32
	at         *byte
}

type secBufferDesc struct {
	version, count uint32
	buffers        *secBuffer
}

type authIdentity struct {
	user           *uint16
	userLength     uint32
	domain         *uint16
	domainLength   uint32
	password       *uint16
	passwordLength uint32
	flags          uint32
}

type secPkgInfo struct {
	capabilities  uint32
	version       uint16
	rpcID         uint16
	maxToken      uint32
	name, comment *uint16
}

func one(buffer *secBuffer) *secBufferDesc { return &secBufferDesc{0, 1, buffer} }

func token(bytes []byte) *secBuffer {
	buffer := &secBuffer{size: uint32(len(bytes)), kind: bufferToken}
	if len(bytes) > 0 {
		buffer.at = &bytes[0]
	}
	return buffer
}

// Keeps what its arguments point to in place and alive during the call, which Go would else move or free.
//
//go:uintptrescapes
func call(function *syscall.LazyProc, arguments ...uintptr) status {
	result, _, _ := function.Call(arguments...)
	return status(result)
}

func utf16(text string) *uint16 {
	pointer, err := syscall.UTF16PtrFromString(text)
	if err != nil {
		panic(err)
	}
	return pointer
}

func text(pointer *uint16) string {
	return syscall.UTF16ToString(unsafe.Slice(pointer, 2048)[:length(pointer)])
}

func length(pointer *uint16) (n int) {
	for p := unsafe.Pointer(pointer); *(*uint16)(p) != 0; p = unsafe.Add(p, 2) {
		n++
	}
	return
}

// Acquires credentials of a package, those of `identity` or the server's own.
func acquire(name string, use uintptr, identity *authIdentity) handle {
	var credentials handle
	var expiry syscall.Filetime
	if s := call(acquireCredentialsHandle, 0, uintptr(unsafe.Pointer(utf16(name))), use, 0, uintptr(unsafe.Pointer(identity)), 0, 0,
		uintptr(unsafe.Pointer(&credentials)), uintptr(unsafe.Pointer(&expiry))); s != ok {
		panic(s)
	}
	return credentials
}

// The longest token of a package, of which buffers are allocated.
func maxToken(name string) uint32 {
	var info *secPkgInfo
	if s := call(querySecurityPackageInfo, uintptr(unsafe.Pointer(utf16(name))), uintptr(unsafe.Pointer(&info))); s != ok {
		panic(s)
	}
	defer call(freeContextBuffer, uintptr(unsafe.Pointer(info)))
	return info.maxToken
}

func query(context *handle, attribute uintptr, answer unsafe.Pointer) status {
	return call(queryContextAttributes, uintptr(unsafe.Pointer(context)), attribute, uintptr(answer))
}

func clientName(context *handle) (string, error) {
	var name *uint16
	if s := query(context, attrNames, unsafe.Pointer(&name)); s != ok {
		return "", s
	}
	user := text(name)
	if s := call(freeContextBuffer, uintptr(unsafe.Pointer(name))); s != ok {
		return "", s
	}
	return user, nil
}
