/*
 * The least of a MariaDB server that its GSSAPI plugin and a client need: the handshake, the plugin, and one answer.
 *
 *   server.exe PORT PRINCIPAL USER[=AUTH_STRING]...   the users are those of CREATE USER user IDENTIFIED VIA gssapi
 *                                                     [USING 'auth_string']
 *
 * Any query is answered with one row: the user's name. The plugin is MariaDB's own, compiled in as a static plugin is.
 */
#include <winsock2.h>
#include <windows.h>

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <vector>

typedef unsigned long long my_ulonglong;
#include <typelib.h>

#include <mysql/plugin_auth.h>

extern struct st_maria_plugin builtin_maria_auth_gssapi_plugin[];
extern char *srv_principal_name;
extern unsigned long srv_mech;

static const unsigned long capabilities =
    CLIENT_MYSQL | CLIENT_CONNECT_WITH_DB | CLIENT_PROTOCOL_41 | CLIENT_SECURE_CONNECTION | CLIENT_PLUGIN_AUTH;
/* The first bytes of packets. */
static const char ok_packet = 0, more_data = 1, auth_switch = '\xfe', end_packet = '\xfe', err_packet = '\xff';

static std::map<std::string, std::string> users;
static thread_local std::string complaint;

/* The plugin's error messages: they are sent to the client or written to the log. */
extern "C" void my_printf_error(unsigned int, const char *format, unsigned long flags, ...) {
    char text[2048];
    va_list arguments;
    va_start(arguments, flags);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s\n", text);
    if (!flags) complaint = text;
}

/* One client. The plugin sees the MYSQL_PLUGIN_VIO. */
struct Connection : MYSQL_PLUGIN_VIO {
    SOCKET socket;
    unsigned char number = 0;
    bool switched = false;
    std::string packet;

    explicit Connection(SOCKET s) : MYSQL_PLUGIN_VIO(), socket(s) {
        read_packet = [](MYSQL_PLUGIN_VIO *vio, unsigned char **buffer) {
            auto self = static_cast<Connection *>(vio);
            if (!self->receive()) return -1;
            *buffer = reinterpret_cast<unsigned char *>(&self->packet[0]);
            return static_cast<int>(self->packet.size());
        };
        /* The first packet of a plugin goes with the request to change to its client's side; and none may look like one. */
        write_packet = [](MYSQL_PLUGIN_VIO *vio, const unsigned char *data, int length) {
            auto self = static_cast<Connection *>(vio);
            std::string content(reinterpret_cast<const char *>(data), length);
            if (!self->switched)
                content = std::string(1, auth_switch) + "auth_gssapi_client" + '\0' + content;
            else if (length && (content[0] == more_data || content[0] == auth_switch || content[0] == err_packet))
                content = std::string(1, more_data) + content;
            self->switched = true;
            return self->send(content) ? 0 : 1;
        };
    }
    ~Connection() { closesocket(socket); }

    bool exactly(char *at, size_t length) {
        for (int got; length; at += got, length -= got)
            if ((got = recv(socket, at, static_cast<int>(length), 0)) <= 0) return false;
        return true;
    }
    bool receive() {
        unsigned char head[4];
        if (!exactly(reinterpret_cast<char *>(head), sizeof head)) return false;
        packet.assign(head[0] | head[1] << 8 | head[2] << 16, '\0');
        number = head[3] + 1;
        return exactly(&packet[0], packet.size());
    }
    bool send(const std::string &content) {
        std::string out;
        for (size_t rest = content.size(), i = 0; i < 3; i++, rest >>= 8) out += static_cast<char>(rest);
        out = out + static_cast<char>(number++) + content;
        return ::send(socket, out.data(), static_cast<int>(out.size()), 0) == static_cast<int>(out.size());
    }
    bool ok() { return send(std::string(1, ok_packet) + std::string("\0\0\2\0\0\0", 6)); }
    bool err(unsigned code, const std::string &text) {
        return send(std::string(1, err_packet) + static_cast<char>(code) + static_cast<char>(code >> 8) + "#28000" + text);
    }

    bool greet() {
        std::string out = "\x0a" "5.5.5-10.11.18-MariaDB";
        out += std::string("\0\1\0\0\0" "scramble" "\0", 14);
        for (int shift : {0, 8}) out += static_cast<char>(capabilities >> shift);
        out += std::string("\x21\2\0", 3);
        for (int shift : {16, 24}) out += static_cast<char>(capabilities >> shift);
        out += static_cast<char>(21) + std::string(10, '\0') + "more-scrambl" + '\0' + "mysql_native_password" + '\0';
        return send(out);
    }
    /* The user's name in the client's answer: capabilities, longest packet, character set and 23 zeros stand before it. */
    bool user_name(std::string &name) {
        if (!receive() || packet.size() < 33) return false;
        name = packet.c_str() + 32;
        return true;
    }

    static std::string counted(const std::string &text) { return static_cast<char>(text.size()) + text; }
    bool row(const std::string &value) {
        const std::string end = std::string(1, end_packet) + std::string("\0\0\2\0", 4);
        return send("\1") &&
               send(counted("def") + counted("") + counted("") + counted("") + counted("user") + counted("user") +
                    std::string("\x0c\x21\0\0\1\0\0\xfd\0\0\0\0\0", 13)) &&
               send(end) && send(counted(value)) && send(end);
    }

    void serve() {
        std::string name;
        if (!greet() || !user_name(name)) return;
        auto known = users.find(name);
        if (known == users.end()) {
            err(1045, "Access denied for user '" + name + "'");
            return;
        }
        MYSQL_SERVER_AUTH_INFO who = {};
        who.user_name = name.c_str();
        who.user_name_length = static_cast<unsigned>(name.size());
        who.auth_string = known->second.c_str();
        who.auth_string_length = static_cast<unsigned long>(known->second.size());
        auto handler = static_cast<struct st_mysql_auth *>(builtin_maria_auth_gssapi_plugin[0].info);
        complaint.clear();
        if (handler->authenticate_user(this, &who) != CR_OK) {
            err(1045, complaint.empty() ? "Access denied for user '" + name + "'" : complaint);
            return;
        }
        if (!ok()) return;
        while (receive() && !packet.empty() && packet[0] != COM_QUIT)
            if (!(packet[0] == COM_QUERY ? row(name) : ok())) return;
    }
};

static DWORD WINAPI serve(void *socket) {
    Connection(reinterpret_cast<SOCKET>(socket)).serve();
    return 0;
}

int main(int argc, char **argv) {
    WSADATA data;
    if (argc < 4 || WSAStartup(MAKEWORD(2, 2), &data)) return 2;
    for (int i = 3; i < argc; i++) {
        std::string user = argv[i];
        size_t equals = user.find('=');
        users[user.substr(0, equals)] = equals == std::string::npos ? "" : user.substr(equals + 1);
    }
    srv_principal_name = argv[2];
    srv_mech = 2; /* the default of the plugin's variable */
    if (builtin_maria_auth_gssapi_plugin[0].init(nullptr)) return 1;

    SOCKET listening = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at = {};
    at.sin_family = AF_INET;
    at.sin_port = htons(static_cast<u_short>(atoi(argv[1])));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listening, reinterpret_cast<sockaddr *>(&at), sizeof at) || listen(listening, 16)) return 1;
    for (SOCKET client; (client = accept(listening, nullptr, nullptr)) != INVALID_SOCKET;)
        CloseHandle(CreateThread(nullptr, 0, serve, reinterpret_cast<void *>(client), 0, nullptr));
    return 1;
}
