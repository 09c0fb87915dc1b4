/*
 * MIT krb5's acceptor, asked over its standard input: KRB5_KTNAME, KRB5_CONFIG and KRB5RCACHENAME say with what.
 *
 * A question is its length (32 bits, big-endian) and that many bytes: a letter and fields, each with a length of its
 * own. 'A': channel bindings ("-" for none; else "+" and application data, or "@", the client's IPv4 address and application
 * data), token; the context of before goes.
 * 'C': token, for the same context. 'M': the front of a Wrap token and its rest, to be unwrapped and answered, with the
 * MIC of what is in it. In DCE style the two are buffers of their own, as RPC has them.
 *
 * The answer is made the same way; its fields are those of the structure that each function fills below.
 */
#include <arpa/inet.h>
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint8_t answer[1 << 22];
static size_t answered;

static void fail(const char *why)
{
    fprintf(stderr, "mit_acceptor: %s\n", why);
    exit(1);
}

static void put(const void *bytes, size_t length)
{
    uint32_t field = htonl((uint32_t)length);
    if (answered + 4 + length > sizeof answer)
        fail("an answer too long");
    memcpy(answer + answered, &field, 4);
    if (length)
        memcpy(answer + answered + 4, bytes, length);
    answered += 4 + length;
}

static void put_number(uint32_t number)
{
    number = htonl(number);
    put(&number, 4);
}

/* The next field of a question. */
static gss_buffer_desc take(uint8_t **at, uint8_t *end)
{
    uint32_t length;
    gss_buffer_desc field;
    if (end - *at < 4)
        fail("a question cut short");
    memcpy(&length, *at, 4);
    length = ntohl(length);
    if ((size_t)(end - *at - 4) < length)
        fail("a question cut short");
    field.length = length;
    field.value = *at + 4;
    *at += 4 + length;
    return field;
}

static int read_all(void *into, size_t length)
{
    size_t done = 0;
    while (done < length) {
        ssize_t got = read(0, (char *)into + done, length - done);
        if (got <= 0)
            return 0;
        done += (size_t)got;
    }
    return 1;
}

static void write_all(const void *from, size_t length)
{
    size_t done = 0;
    while (done < length) {
        ssize_t put = write(1, (const char *)from + done, length - done);
        if (put <= 0)
            exit(0);
        done += (size_t)put;
    }
}

static gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;
static gss_ctx_id_t context = GSS_C_NO_CONTEXT;

/* The text of gss_display_status for a minor status. */
static void put_reason(OM_uint32 major, OM_uint32 minor)
{
    OM_uint32 ignored, more = 0;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    int code = minor ? GSS_C_MECH_CODE : GSS_C_GSS_CODE;
    gss_display_status(&ignored, minor ? minor : major, code, (gss_OID)gss_mech_krb5, &more, &text);
    put(text.value, text.length);
    gss_release_buffer(&ignored, &text);
}

static void step(gss_buffer_t bindings, gss_buffer_t token)
{
    struct gss_channel_bindings_struct channel;
    OM_uint32 major, minor, flags = 0, lifetime = 0, ignored;
    gss_buffer_desc out = GSS_C_EMPTY_BUFFER, text = GSS_C_EMPTY_BUFFER;
    gss_name_t client = GSS_C_NO_NAME;
    gss_cred_id_t delegated = GSS_C_NO_CREDENTIAL;
    gss_OID mechanism = GSS_C_NO_OID;
    gss_buffer_set_t key = GSS_C_NO_BUFFER_SET;
    gss_OID_desc inquire = {11, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x05\x05"};

    memset(&channel, 0, sizeof channel);
    channel.initiator_addrtype = channel.acceptor_addrtype = 0;
    if (bindings != NULL) {
        int address = *(char *)bindings->value == '@';
        channel.application_data.value = (char *)bindings->value + 1 + 4 * address;
        channel.application_data.length = bindings->length - 1 - 4 * address;
        if (address) {
            channel.initiator_addrtype = GSS_C_AF_INET;
            channel.initiator_address.value = (char *)bindings->value + 1;
            channel.initiator_address.length = 4;
        }
    }
    major = gss_accept_sec_context(&minor, &context, credential, token, bindings ? &channel : GSS_C_NO_CHANNEL_BINDINGS,
                                   &client, &mechanism, &out, &flags, &lifetime, &delegated);
    put_number(major);
    put_reason(major, minor);
    put(out.value, out.length);
    put_number(flags);
    put_number(lifetime);
    if (major == GSS_S_COMPLETE && client != GSS_C_NO_NAME)
        gss_display_name(&ignored, client, &text, NULL);
    put(text.value, text.length);
    if (major == GSS_S_COMPLETE)
        gss_inquire_sec_context_by_oid(&ignored, context, &inquire, &key);
    if (key != GSS_C_NO_BUFFER_SET && key->count > 0)
        put(key->elements[0].value, key->elements[0].length);
    else
        put(NULL, 0);
    put_number(delegated != GSS_C_NO_CREDENTIAL);
    put(mechanism ? mechanism->elements : NULL, mechanism ? mechanism->length : 0);
    gss_release_buffer_set(&ignored, &key);
    gss_release_buffer(&ignored, &text);
    gss_release_buffer(&ignored, &out);
    gss_release_name(&ignored, &client);
    gss_release_cred(&ignored, &delegated);
}

static int dce_style(void)
{
    OM_uint32 minor, flags = 0;
    gss_inquire_context(&minor, context, NULL, NULL, NULL, NULL, &flags, NULL, NULL);
    return (flags & GSS_C_DCE_STYLE) != 0;
}

static void message(gss_buffer_t front, gss_buffer_t rest)
{
    OM_uint32 major, minor, ignored;
    gss_buffer_desc plain = GSS_C_EMPTY_BUFFER, mic = GSS_C_EMPTY_BUFFER, wrapped = GSS_C_EMPTY_BUFFER, whole;
    gss_iov_buffer_desc iov[2];
    int sealed = 0, dce = dce_style();

    whole.length = front->length + rest->length;
    whole.value = malloc(whole.length + 1);
    memcpy(whole.value, front->value, front->length);
    memcpy((char *)whole.value + front->length, rest->value, rest->length);
    memset(iov, 0, sizeof iov);
    iov[0].type = GSS_IOV_BUFFER_TYPE_HEADER;
    iov[0].buffer = *front;
    iov[1].type = GSS_IOV_BUFFER_TYPE_DATA;
    iov[1].buffer = *rest;
    if (dce) {
        major = gss_unwrap_iov(&minor, context, &sealed, NULL, iov, 2);
        plain.length = iov[1].buffer.length;
        plain.value = malloc(plain.length + 1);
        memcpy(plain.value, iov[1].buffer.value, plain.length);
    } else {
        major = gss_unwrap(&minor, context, &whole, &plain, &sealed, NULL);
    }
    if (major == GSS_S_COMPLETE && dce) {
        iov[0].type |= GSS_IOV_BUFFER_FLAG_ALLOCATE;
        major = gss_wrap_iov(&minor, context, 1, GSS_C_QOP_DEFAULT, NULL, iov, 2);
    } else if (major == GSS_S_COMPLETE) {
        major = gss_wrap(&minor, context, 1, GSS_C_QOP_DEFAULT, &plain, NULL, &wrapped);
    }
    if (major == GSS_S_COMPLETE)
        major = gss_get_mic(&minor, context, GSS_C_QOP_DEFAULT, &plain, &mic);
    put_number(major);
    put_reason(major, minor);
    put(plain.value, plain.length);
    put_number(sealed);
    if (dce && major == GSS_S_COMPLETE) {
        put(iov[0].buffer.value, iov[0].buffer.length);
        put(iov[1].buffer.value, iov[1].buffer.length);
        gss_release_iov_buffer(&ignored, iov, 1);
    } else {
        put(NULL, 0);
        put(wrapped.value, wrapped.length);
    }
    put(mic.value, mic.length);
    if (dce)
        free(plain.value);
    else
        gss_release_buffer(&ignored, &plain);
    gss_release_buffer(&ignored, &wrapped);
    gss_release_buffer(&ignored, &mic);
    free(whole.value);
}

int main(void)
{
    OM_uint32 minor;
    uint32_t length;
    /* Kerberos, with the identifier of Windows 2000 too, which is not among the defaults; and SPNEGO. */
    gss_OID_desc wanted[] = {
        {9, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"},
        {9, "\x2a\x86\x48\x82\xf7\x12\x01\x02\x02"},
        {6, "\x2b\x06\x01\x05\x05\x02"},
    };
    gss_OID_set_desc mechanisms = {3, wanted};

    if (gss_acquire_cred(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &mechanisms, GSS_C_ACCEPT, &credential, NULL, NULL))
        fail("no credentials: is KRB5_KTNAME set?");
    while (read_all(&length, 4)) {
        uint8_t *question, *at, *end;
        gss_buffer_desc first, token;

        length = ntohl(length);
        if (length < 1 || length > 1 << 22 || !(question = malloc(length)) || !read_all(question, length))
            fail("a question cut short");
        at = question + 1, end = question + length;
        answered = 4;
        switch (question[0]) {
        case 'A':
            gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
            first = take(&at, end);
            token = take(&at, end);
            if (first.length < 1 || (*(char *)first.value == '@' && first.length < 5))
                fail("no channel bindings");
            step(*(char *)first.value == '-' ? NULL : &first, &token);
            break;
        case 'C':
            token = take(&at, end);
            step(NULL, &token);
            break;
        case 'M':
            first = take(&at, end);
            token = take(&at, end);
            message(&first, &token);
            break;
        default:
            fail("no such question");
        }
        length = htonl((uint32_t)(answered - 4));
        memcpy(answer, &length, 4);
        write_all(answer, answered);
        free(question);
    }
    return 0;
}
