/* What Squid's configure would have found, as far as the helpers' files ask: for mingw, and for glibc. */
#define PACKAGE "squid"
#define SQUID_BUILD_INFO ""

#define STDC_HEADERS 1
#define HAVE_ASSERT_H 1
#define HAVE_CTYPE_H 1
#define HAVE_ERRNO_H 1
#define HAVE_FCNTL_H 1
#define HAVE_GETOPT_H 1
#define HAVE_INTTYPES_H 1
#define HAVE_LIMITS_H 1
#define HAVE_STDARG_H 1
#define HAVE_STDDEF_H 1
#define HAVE_STDINT_H 1
#define HAVE_STDIO_H 1
#define HAVE_STDLIB_H 1
#define HAVE_STRING_H 1
#define HAVE_STRINGS_H 1
#define HAVE_SYS_STAT_H 1
#define HAVE_SYS_TYPES_H 1
#define HAVE_TIME_H 1
#define HAVE_UNISTD_H 1

#define HAVE_GETADDRINFO 1
#define HAVE_GETNAMEINFO 1
#define HAVE_INT8_T 1
#define HAVE_UINT8_T 1
#define HAVE_INT16_T 1
#define HAVE_UINT16_T 1
#define HAVE_INT32_T 1
#define HAVE_UINT32_T 1
#define HAVE_INT64_T 1
#define HAVE_UINT64_T 1
#define HAVE_MODE_T 1
#define HAVE_OFF_T 1
#define HAVE_PID_T 1
#define HAVE_SIZE_T 1
#define HAVE_SSIZE_T 1
#define HAVE_STRUCT_RUSAGE 1
#define HAVE_STRUCT_TIMEVAL 1
#define HAVE_STD_UNIFORM_INT_DISTRIBUTION 1
#define HAVE_STD_UNIFORM_REAL_DISTRIBUTION 1

#define SIZEOF_INT __SIZEOF_INT__
#define SIZEOF_INT64_T 8
#define SIZEOF_LONG __SIZEOF_LONG__
#define SIZEOF_OFF_T 8
#define SIZEOF_SIZE_T __SIZEOF_SIZE_T__
#define SIZEOF_VOID_P __SIZEOF_POINTER__

#define SQUID_DETECT_UDP_SO_RCVBUF 16384
#define SQUID_DETECT_UDP_SO_SNDBUF 16384

#ifdef _WIN32
#define HAVE_DIRECT_H 1
#define HAVE_IO_H 1
#define HAVE_PROCESS_H 1
#define HAVE_WINDOWS_H 1
#define HAVE_WINSOCK2_H 1
#define HAVE_WS2TCPIP_H 1
#define USE_SELECT_WIN32 1
#define gid_t int
#define uid_t int
/* Squid brings a `struct timezone` of its own, and mingw has one since. */
#define _TIMEZONE_DEFINED
#else
#define HAVE_ARPA_INET_H 1
#define HAVE_FD_MASK 1
#define HAVE_GID_T 1
#define HAVE_DECL_INET_NTOP 1
#define HAVE_DECL_INET_PTON 1
#define HAVE_MEMRCHR 1
#define HAVE_NETDB_H 1
#define HAVE_NETINET_IN_H 1
#define HAVE_SOCKLEN_T 1
#define HAVE_STRERROR 1
#define HAVE_STRTOLL 1
#define HAVE_SYS_PARAM_H 1
#define HAVE_SYS_RESOURCE_H 1
#define HAVE_SYS_SOCKET_H 1
#define HAVE_SYS_STATVFS_H 1
#define HAVE_SYS_TIME_H 1
#define HAVE_SYS_VFS_H 1
#define HAVE_UID_T 1
#define USE_SELECT 1
#endif
