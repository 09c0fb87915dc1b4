/* Of the numbers that MariaDB's build generates, those that the plugin uses. */
#define ER_ACCESS_DENIED_ERROR 1045
#define ER_UNKNOWN_ERROR 1105
