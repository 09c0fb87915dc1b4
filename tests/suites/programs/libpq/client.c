/* client.exe CONNINFO QUERY: prints the first value of the answer, or what libpq says. */
#include <libpq-fe.h>
#include <stdio.h>

int main(int argc, char **argv) {
    PGconn *connection = argc == 3 ? PQconnectdb(argv[1]) : NULL;
    if (!connection) return 2;
    if (PQstatus(connection) != CONNECTION_OK) {
        printf("%s", PQerrorMessage(connection));
        return 1;
    }
    PGresult *result = PQexec(connection, argv[2]);
    int rows = PQresultStatus(result) == PGRES_TUPLES_OK ? PQntuples(result) : 0;
    printf("%s\n", rows ? PQgetvalue(result, 0, 0) : PQerrorMessage(connection));
    PQclear(result);
    PQfinish(connection);
    return rows ? 0 : 1;
}
