/* What AuthSspi.cpp uses of Firebird's own classes, in the least that serves; the interfaces are Firebird's (firebird-dev). */
#ifndef PROGRAMS_FIREBIRD_H
#define PROGRAMS_FIREBIRD_H

#define TRUSTED_AUTH

#include <ibase.h>

#include <firebird/Interface.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <string>
#include <vector>

typedef unsigned FB_SIZE_T;

namespace Firebird {

class MemoryPool {};
inline MemoryPool *getDefaultMemoryPool() {
    static MemoryPool pool;
    return &pool;
}

class string : public std::string {
public:
    string() {}
    string(MemoryPool &) {}
    string(const char *text) : std::string(text) {}
    using std::string::operator=;
    bool hasData() const { return !empty(); }
    void upper() {
        for (char &c : *this) c = static_cast<char>(toupper(static_cast<unsigned char>(c)));
    }
};

template <typename T> class Array {
    std::vector<T> items;

public:
    Array() {}
    Array(MemoryPool &) {}
    T *begin() { return items.data(); }
    const T *begin() const { return items.data(); }
    FB_SIZE_T getCount() const { return static_cast<FB_SIZE_T>(items.size()); }
    bool hasData() const { return !items.empty(); }
    void clear() { items.clear(); }
    void add(const T *from, FB_SIZE_T count) { items.insert(items.end(), from, from + count); }
    void assign(const T *from, FB_SIZE_T count) { items.assign(from, from + count); }
    T *getBuffer(FB_SIZE_T count) {
        items.resize(count);
        return items.data();
    }
};
typedef Array<unsigned char> UCharBuffer;

template <typename T> class ObjectsArray {
    std::vector<T> items;

public:
    ObjectsArray() {}
    ObjectsArray(MemoryPool &) {}
    FB_SIZE_T getCount() const { return static_cast<FB_SIZE_T>(items.size()); }
    const T &operator[](FB_SIZE_T at) const { return items[at]; }
    void clear() { items.clear(); }
    void add(const T &item) { items.push_back(item); }
    bool find(const T &item, FB_SIZE_T &at) const {
        at = static_cast<FB_SIZE_T>(std::find(items.begin(), items.end(), item) - items.begin());
        return at < items.size();
    }
};

struct LongJump {
    static void raise() { throw LongJump(); }
};
struct Exception {
    void stuffException(CheckStatusWrapper *) const {}
};

template <class Interface> class StdPlugin : public Interface {
    IReferenceCounted *owner = nullptr;

public:
    void addRef() { ++refCounter; }
    IReferenceCounted *getOwner() { return owner; }
    void setOwner(IReferenceCounted *now) { owner = now; }

protected:
    std::atomic<int> refCounter{0};
    MemoryPool &getPool() { return *getDefaultMemoryPool(); }
};

template <class Plugin> class SimpleFactory : public IPluginFactoryImpl<SimpleFactory<Plugin>, CheckStatusWrapper> {
public:
    IPluginBase *createPlugin(CheckStatusWrapper *, IPluginConfig *configuration) {
        Plugin *made = new Plugin(configuration);
        made->addRef();
        return made;
    }
};

} // namespace Firebird

/* Names are told as the system has them. */
inline void ISC_systemToUtf8(Firebird::string &) {}

#endif
