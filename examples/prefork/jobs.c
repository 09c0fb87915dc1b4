#include "jobs.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define JOB_HEAD offsetof(struct job, bytes)

/* ---- between parent and worker */

bool job_send(int to, const struct job *job, int connection) {
    struct iovec part = {(void *)job, JOB_HEAD + job->context + job->token};
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (connection >= 0) {
        message.msg_control = control.room;
        message.msg_controllen = sizeof control.room;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        *head = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
        memcpy(CMSG_DATA(head), &connection, sizeof connection);
    }
    return sendmsg(to, &message, MSG_NOSIGNAL) == (ssize_t)part.iov_len;
}

bool job_receive(int from, struct job *job, int *connection) {
    struct iovec part = {job, sizeof *job};
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
    ssize_t length = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
    *connection = -1;
    if (length < (ssize_t)JOB_HEAD) return false;
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (head && head->cmsg_type == SCM_RIGHTS) memcpy(connection, CMSG_DATA(head), sizeof *connection);
    return (size_t)length == JOB_HEAD + job->context + job->token;
}

/* ---- the handshake */

SECURITY_STATUS unpack(const struct job *job, CtxtHandle *context) {
    SecBuffer packed = {job->context, SECBUFFER_EMPTY, (void *)job->bytes};
    return ImportSecurityContextW(u"Negotiate", &packed, NULL, context);
}

char *client_name(CtxtHandle *context) {
    /* The A functions take and return UTF-8 on Linux. */
    SecPkgContext_NamesA names;
    return QueryContextAttributesA(context, SECPKG_ATTR_NAMES, &names) == SEC_E_OK ? names.sUserName : NULL;
}

/* A client without a name is refused here, before it is told that it is accepted. */
static SECURITY_STATUS check_name(CtxtHandle *context) {
    char *name = client_name(context);
    if (!name) return SEC_E_LOGON_DENIED;
    FreeContextBuffer(name);
    return SEC_E_OK;
}

void make_leg(const CredHandle *credential, struct job *job) {
    static unsigned char answer[ROOM];
    bool begun = job->context != 0;
    CtxtHandle context;
    size_t used = strlen(job->legs);
    snprintf(job->legs + used, sizeof job->legs - used, "%s%d", used ? ", " : "", (int)getpid());
    if (begun && (job->status = unpack(job, &context)) != SEC_E_OK) goto failed;
    SecBuffer in[] = {{job->token, SECBUFFER_TOKEN, job->bytes + job->context},
                      {sizeof job->peer, SECBUFFER_NEGOSSP_PEER_ADDRESS, &job->peer}};
    SecBuffer out = {sizeof answer, SECBUFFER_TOKEN, answer};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 2, in}, out_desc = {SECBUFFER_VERSION, 1, &out};
    ULONG attributes;
    job->status = AcceptSecurityContext((CredHandle *)credential, begun ? &context : NULL, &in_desc,
                                        ASC_REQ_CONFIDENTIALITY | ASC_REQ_INTEGRITY | ASC_REQ_SEQUENCE_DETECT,
                                        SECURITY_NATIVE_DREP, &context, &out_desc, &attributes, NULL);
    bool exists = begun || job->status >= 0;
    if (job->status == SEC_E_OK) job->status = check_name(&context);
    SecBuffer packed = {0};
    if (job->status >= 0) {
        SECURITY_STATUS status =
            ExportSecurityContext(&context, SECPKG_CONTEXT_EXPORT_DELETE_OLD | NEGOSSP_CONTEXT_EXPORT_HALF_OPEN, &packed, NULL);
        exists = status != SEC_E_OK;
        /* A Kerberos handshake of three legs cannot be exported in between. */
        if (status != SEC_E_OK || packed.cbBuffer > ROOM) job->status = status < 0 ? status : (SECURITY_STATUS)SEC_E_CANNOT_PACK;
    }
    if (exists) DeleteSecurityContext(&context);
    if (job->status >= 0) {
        memcpy(job->bytes, packed.pvBuffer, packed.cbBuffer);
        memcpy(job->bytes + packed.cbBuffer, answer, out.cbBuffer);
        job->context = packed.cbBuffer;
        job->token = out.cbBuffer;
    }
    if (packed.pvBuffer) FreeContextBuffer(packed.pvBuffer);
    if (job->status >= 0) return;
failed:
    job->context = job->token = 0;
}
