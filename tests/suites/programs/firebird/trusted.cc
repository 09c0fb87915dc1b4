/*
 * The least of Firebird that its trusted authentication needs, on either side: the plugin manager, the blocks that carry the
 * plugins' data, and a socket.
 *
 *   trusted.exe server PORT     trusted.exe client PORT
 *
 * A message is its length (four bytes, little-endian), a letter and content: `T`, the plugin's data; `A`, the server's answer,
 * the user's name, the groups and the key in hexadecimal digits, one a line, or "refused". A client prints it, and its own key.
 */
#include <winsock2.h>
#include <windows.h>

#include "AuthSspi.h"

#include <cstdio>
#include <cstring>

using namespace Firebird;

namespace Auth {
void registerTrustedClient(IPluginManager *);
void registerTrustedServer(IPluginManager *);
}

class Status : public IStatusImpl<Status, CheckStatusWrapper> {
    const intptr_t none[3] = {isc_arg_gds, 0, isc_arg_end};
    bool failed = false;

public:
    void dispose() {}
    void init() { failed = false; }
    unsigned getState() const { return failed ? STATE_ERRORS : 0; }
    void setErrors2(unsigned, const intptr_t *) { failed = true; }
    void setWarnings2(unsigned, const intptr_t *) {}
    void setErrors(const intptr_t *) { failed = true; }
    void setWarnings(const intptr_t *) {}
    const intptr_t *getErrors() const { return none; }
    const intptr_t *getWarnings() const { return none; }
    IStatus *clone() const { return new Status; }
};

class Manager : public IPluginManagerImpl<Manager, CheckStatusWrapper> {
public:
    IPluginFactory *client = nullptr, *server = nullptr;

    void registerPluginFactory(unsigned type, const char *name, IPluginFactory *factory) {
        if (strcmp(name, "Win_Sspi")) return;
        (type == TYPE_AUTH_CLIENT ? client : server) = factory;
    }
    void registerModule(IPluginModule *) {}
    void unregisterModule(IPluginModule *) {}
    IPluginSet *getPlugins(CheckStatusWrapper *, unsigned, const char *, IFirebirdConf *) { return nullptr; }
    IConfig *getConfig(CheckStatusWrapper *, const char *) { return nullptr; }
    void releasePlugin(IPluginBase *) {}
};
static Manager manager;

class Key : public ICryptKeyImpl<Key, CheckStatusWrapper> {
public:
    std::string digits;

    void setSymmetric(CheckStatusWrapper *, const char *, unsigned length, const void *key) {
        char two[3];
        for (unsigned i = 0; i < length; i++) {
            snprintf(two, sizeof two, "%02x", static_cast<const unsigned char *>(key)[i]);
            digits += two;
        }
    }
    void setAsymmetric(CheckStatusWrapper *, const char *, unsigned, const void *, unsigned, const void *) {}
    const void *getEncryptKey(unsigned *) { return nullptr; }
    const void *getDecryptKey(unsigned *) { return nullptr; }
};

/* What a block of either side does. */
template <class Base> class Block : public Base {
public:
    std::string in, out;
    Key key;

    const char *getLogin() { return nullptr; }
    const unsigned char *getData(unsigned *length) {
        *length = static_cast<unsigned>(in.size());
        return reinterpret_cast<const unsigned char *>(in.data());
    }
    void putData(CheckStatusWrapper *, unsigned length, const void *data) { out.assign(static_cast<const char *>(data), length); }
    ICryptKey *newKey(CheckStatusWrapper *) { return &key; }
};
class ServerBlock : public Block<IServerBlockImpl<ServerBlock, CheckStatusWrapper>> {};
class ClientBlock : public Block<IClientBlockImpl<ClientBlock, CheckStatusWrapper>> {
public:
    void addRef() {}
    int release() { return 1; }
    const char *getPassword() { return nullptr; }
    IAuthBlock *getAuthBlock(CheckStatusWrapper *) { return nullptr; }
};

class Writer : public IWriterImpl<Writer, CheckStatusWrapper> {
public:
    std::vector<std::string> names;

    void reset() { names.clear(); }
    void add(CheckStatusWrapper *, const char *name) { names.push_back(name); }
    void setType(CheckStatusWrapper *, const char *) {}
    void setDb(CheckStatusWrapper *, const char *) {}
};

struct Connection {
    SOCKET socket;

    ~Connection() { closesocket(socket); }
    bool exactly(char *at, int length) {
        for (int got; length; at += got, length -= got)
            if ((got = recv(socket, at, length, 0)) <= 0) return false;
        return true;
    }
    bool receive(char &kind, std::string &content) {
        unsigned length;
        if (!exactly(reinterpret_cast<char *>(&length), 4) || length > 65536 || !exactly(&kind, 1)) return false;
        content.assign(length, '\0');
        return exactly(&content[0], static_cast<int>(length));
    }
    void send(char kind, const std::string &content) {
        unsigned length = static_cast<unsigned>(content.size());
        std::string all = std::string(reinterpret_cast<char *>(&length), 4) + kind + content;
        ::send(socket, all.data(), static_cast<int>(all.size()), 0);
    }
};

static DWORD WINAPI serve(void *socket) {
    Connection connection = {reinterpret_cast<SOCKET>(socket)};
    Status errors;
    CheckStatusWrapper status(&errors);
    IServer *plugin = static_cast<IServer *>(manager.server->createPlugin(&status, nullptr));
    ServerBlock block;
    Writer writer;
    char kind;
    while (connection.receive(kind, block.in)) {
        int result = plugin->authenticate(&status, &block, &writer);
        if (result == IAuth::AUTH_MORE_DATA) {
            connection.send('T', block.out);
            continue;
        }
        std::string answer = "refused";
        if (result == IAuth::AUTH_SUCCESS && !writer.names.empty()) {
            answer.clear();
            for (auto &name : writer.names) answer += name + "\n";
            answer += block.key.digits;
        }
        connection.send('A', answer);
        break;
    }
    plugin->release();
    return 0;
}

static int ask(SOCKET socket) {
    Connection connection = {socket};
    Status errors;
    CheckStatusWrapper status(&errors);
    IClient *plugin = static_cast<IClient *>(manager.client->createPlugin(&status, nullptr));
    ClientBlock block;
    for (;;) {
        char kind;
        if (plugin->authenticate(&status, &block) != IAuth::AUTH_MORE_DATA) {
            puts("no credentials");
            return 1;
        }
        connection.send('T', block.out);
        if (!connection.receive(kind, block.in)) return 1;
        if (kind == 'A') break;
    }
    printf("%s\n%s\n", block.in.c_str(), block.key.digits.c_str());
    plugin->release();
    return 0;
}

int main(int argc, char **argv) {
    WSADATA data;
    if (argc != 3 || WSAStartup(MAKEWORD(2, 2), &data)) return 2;
    Auth::registerTrustedClient(&manager);
    Auth::registerTrustedServer(&manager);
    if (!manager.client || !manager.server) return 2;

    SOCKET one = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at = {};
    at.sin_family = AF_INET;
    at.sin_port = htons(static_cast<u_short>(atoi(argv[2])));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!strcmp(argv[1], "client")) return connect(one, reinterpret_cast<sockaddr *>(&at), sizeof at) ? 1 : ask(one);
    if (bind(one, reinterpret_cast<sockaddr *>(&at), sizeof at) || listen(one, 16)) return 1;
    for (SOCKET client; (client = accept(one, nullptr, nullptr)) != INVALID_SOCKET;)
        CloseHandle(CreateThread(nullptr, 0, serve, reinterpret_cast<void *>(client), 0, nullptr));
    return 1;
}
