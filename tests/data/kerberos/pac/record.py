#!/usr/bin/python3
"""Writes tickets with PACs of real KDCs: record.py CCACHE SERVER KEYTAB KRBTGT-KEYTAB

The ticket for SERVER in CCACHE is decrypted with MIT's libk5crypto. Lines of a word and a value follow, bytes in
hexadecimal; those after `pac` are what Samba's decoder reads in it. README.md says how it is called.
"""
import ctypes as c
import struct
import sys

from samba.dcerpc import krb5pac
from samba.ndr import ndr_unpack

krb5 = c.CDLL("libkrb5.so.3")
k5crypto = c.CDLL("libk5crypto.so.3")
context = c.c_void_p()
assert krb5.krb5_init_context(c.byref(context)) == 0


class Data(c.Structure):
    _fields_ = [("magic", c.c_int32), ("length", c.c_uint), ("data", c.c_void_p)]


class Keyblock(c.Structure):
    _fields_ = [("magic", c.c_int32), ("enctype", c.c_int32), ("length", c.c_uint), ("contents", c.c_void_p)]


class EncData(c.Structure):
    _fields_ = [("magic", c.c_int32), ("enctype", c.c_int32), ("kvno", c.c_uint), ("ciphertext", Data)]


def decrypt(enctype, key, usage, cipher):
    """The plaintext, or None with another key."""
    buffers = [c.create_string_buffer(content, len(content)) for content in (key, cipher, bytes(len(cipher)))]
    block = Keyblock(0, enctype, len(key), c.addressof(buffers[0]))
    sealed = EncData(0, enctype, 0, Data(0, len(cipher), c.addressof(buffers[1])))
    plain = Data(0, len(cipher), c.addressof(buffers[2]))
    code = k5crypto.krb5_c_decrypt(context, c.byref(block), c.c_int32(usage), None, c.byref(sealed), c.byref(plain))
    return None if code else buffers[2].raw[: plain.length]


class Reader:
    """Big-endian fields of keytabs and credential caches."""

    def __init__(self, data):
        self.data = data

    def take(self, count):
        part, self.data = self.data[:count], self.data[count:]
        return part

    def number(self, form):
        return struct.unpack(">" + form, self.take(struct.calcsize(form)))[0]

    def counted(self, form="I"):
        return self.take(self.number(form))


def keys(path):
    """Those of a keytab: number of the encryption type, key."""
    with open(path, "rb") as file:
        records = Reader(file.read()[2:])
    while records.data:
        record = Reader(records.counted())
        for _ in range(record.number("H") + 1):
            record.counted("H")
        record.take(4 + 4 + 1)
        yield record.number("H"), record.counted("H")


def principal(reader):
    reader.take(4)
    count = reader.number("I")
    realm = reader.counted()
    return b"/".join(reader.counted() for _ in range(count)) + b"@" + realm


def ticket(path, server):
    """The first ticket for `server` in a credential cache of version 4."""
    with open(path, "rb") as file:
        reader = Reader(file.read()[2:])
    reader.counted("H")
    principal(reader)
    while reader.data:
        principal(reader)
        name = principal(reader)
        reader.take(2)
        reader.counted()
        reader.take(4 * 4 + 1 + 4)
        for _ in range(2):  # addresses, authorization data
            for _ in range(reader.number("I")):
                reader.take(2)
                reader.counted()
        found = reader.counted()
        reader.counted()
        if name.split(b"@")[0] == server.encode():
            return found
    sys.exit(f"no ticket for {server}")


def elements(der):
    """Tags and contents of what stands one after the other."""
    while der:
        tag, length, der = der[0], der[1], der[2:]
        if length & 0x80:
            count = length & 0x7F
            length, der = int.from_bytes(der[:count], "big"), der[count:]
        yield tag, der[:length]
        der = der[length:]


def down(der, *tags):
    for wanted in tags:
        der = next((contents for tag, contents in elements(der) if tag == wanted), None)
        if der is None:
            return None
    return der


def find_pac(enc_ticket_part):
    for _, entry in elements(down(enc_ticket_part, 0x63, 0x30, 0xAA, 0x30)):
        if down(entry, 0xA0, 0x02) == b"\x01":
            for _, inner in elements(down(entry, 0xA1, 0x04, 0x30)):
                if down(inner, 0xA0, 0x02) == b"\x00\x80":
                    return down(inner, 0xA1, 0x04)


def show_groups(word, domain, groups):
    for group in groups or []:
        print(word, f"{domain}-{group.rid}", group.attributes)


def show(pac):
    for buffer in ndr_unpack(krb5pac.PAC_DATA, pac).buffers:
        info = buffer.info
        if buffer.type == krb5pac.PAC_TYPE_LOGON_INFO:
            base, resource = info.info.info3.base, info.info.resource_groups
            print("LogonTime", base.logon_time)
            print("LogoffTime", base.logoff_time)
            print("KickOffTime", base.kickoff_time)
            print("PasswordLastSet", base.last_password_change)
            print("PasswordCanChange", base.allow_password_change)
            print("PasswordMustChange", base.force_password_change)
            print("EffectiveName", base.account_name.string)
            print("FullName", base.full_name.string)
            print("LogonScript", base.logon_script.string)
            print("ProfilePath", base.profile_path.string)
            print("HomeDirectory", base.home_directory.string)
            print("HomeDirectoryDrive", base.home_drive.string)
            print("LogonCount", base.logon_count)
            print("BadPasswordCount", base.bad_password_count)
            print("UserId", base.rid)
            print("PrimaryGroupId", base.primary_gid)
            show_groups("GroupIds", base.domain_sid, base.groups.rids)
            print("UserFlags", base.user_flags)
            print("LogonServer", base.logon_server.string)
            print("LogonDomainName", base.logon_domain.string)
            print("LogonDomainId", base.domain_sid)
            print("UserAccountControl", base.acct_flags)
            for extra in info.info.info3.sids or []:
                print("ExtraSids", extra.sid, extra.attributes)
            if resource.groups.count:
                show_groups("ResourceGroupIds", resource.domain_sid, resource.groups.rids)
        elif buffer.type == krb5pac.PAC_TYPE_LOGON_NAME:
            print("ClientId", info.logon_time)
            print("Name", info.account_name)
        elif buffer.type == krb5pac.PAC_TYPE_UPN_DNS_INFO:
            print("Upn", info.upn_name)
            print("DnsDomainName", info.dns_domain_name)
            print("Flags", info.flags)
            if info.flags & krb5pac.PAC_UPN_DNS_FLAG_HAS_SAM_NAME_AND_SID:
                print("SamName", info.ex.samaccountname)
                print("Sid", info.ex.objectsid)
        elif buffer.type == krb5pac.PAC_TYPE_ATTRIBUTES_INFO:
            print("AttributesInfo", info.flags)
        elif buffer.type == krb5pac.PAC_TYPE_REQUESTER_SID:
            print("Requestor", info.sid)
        elif type(info) is krb5pac.PAC_SIGNATURE_DATA:
            name = {6: "Server", 7: "Kdc", 16: "Ticket", 19: "Full"}[buffer.type]
            print(f"{name}Signature", struct.unpack("i", struct.pack("I", info.type))[0], bytes(info.signature).hex())
        else:
            print("Buffer", buffer.type)


def main():
    ccache, server, keytab, krbtgt_keytab = sys.argv[1:]
    der = ticket(ccache, server)
    enc_part = down(der, 0x61, 0x30, 0xA3, 0x30)
    enctype = int.from_bytes(down(enc_part, 0xA0, 0x02), "big")
    cipher = down(enc_part, 0xA2, 0x04)
    for number, key in keys(keytab):
        plain = decrypt(number, key, 2, cipher) if number == enctype else None
        if plain:
            break
    else:
        sys.exit(f"no key of {keytab} opens the ticket for {server}")
    pac = find_pac(plain)
    if pac is None:
        sys.exit(f"no PAC in the ticket for {server}")
    print("key", enctype, key.hex())
    for number, krbtgt in keys(krbtgt_keytab):
        print("krbtgt", number, krbtgt.hex())
    print("enc_ticket_part", plain.hex())
    print("pac", pac.hex())
    show(pac)


if __name__ == "__main__":
    main()
