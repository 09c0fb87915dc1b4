/* In place of Squid's substitutes for what Windows lacks and POSIX has: only the namespace that squid.h then uses. */
#ifdef __cplusplus
namespace Squid {}
#endif
