/** What Node's and OpenSSL's codes say of the machine, its disks and its network. */

/** Why something failed, and what to do. */
export interface Meaning {
  readonly why: string
  readonly next: string
}

const again = 'then run the same command again'
const certificate =
  'If you trust it, name its CA certificate (PEM) in NODE_EXTRA_CA_CERTS; never turn the check off'
const otherName = 'Check the host name in --server, KEYCLOAK_SERVER or the profile'

const space: Meaning = {
  why: 'no space left on the disk',
  next: `Free space on the disk that it writes to, ${again}`,
}
const rights: Meaning = {
  why: 'permission denied',
  next: 'Check who owns it and its folder, and their modes (ls -ld); or name a path that you may use',
}
const manyFiles: Meaning = {
  why: 'too many open files',
  next: `Close other programs, or raise the limit (ulimit -n 4096), ${again}`,
}
export const memory: Meaning = {
  why: 'not enough memory',
  next: 'Close other programs, raise the memory limit of the container, or split the file',
}
const names: Meaning = {
  why: 'the name server did not answer',
  next: 'Check the network, VPN and DNS (/etc/resolv.conf) of this machine, then try again',
}
export const silent: Meaning = {
  why: 'no response in time',
  next: 'Check the host name and port, and firewall, VPN or proxy in between, then try again',
}
const cut: Meaning = {
  why: 'the connection was closed by the other side',
  next: "Check the server's log, and a proxy in between, then try again",
}
const route: Meaning = {
  why: 'no route to the host',
  next: 'Check the network and VPN of this machine, and the host name, then try again',
}
const notTls: Meaning = {
  why: 'the server does not speak TLS on this port, or not a version that is accepted',
  next: 'Check scheme and port: an http:// server is not reached by https://',
}
const notHttp: Meaning = {
  why: 'what answered is not HTTP',
  next: 'Check scheme and port: an https:// server is not reached by http://',
}
const selfSigned: Meaning = { why: "the server's certificate is self-signed", next: certificate }
const unknownIssuer: Meaning = {
  why: "the issuer of the server's certificate is not known to this machine",
  next: certificate,
}
const refusedCertificate: Meaning = { why: "the server's certificate is not accepted", next: certificate }

/** By code. */
export const meanings: Readonly<Record<string, Meaning>> = {
  ENOSPC: space,
  EDQUOT: { why: 'the disk quota is used up', next: `Free space, or have the quota raised, ${again}` },
  EFBIG: {
    why: 'the file would be larger than the disk or a limit allows',
    next: 'Raise the limit (ulimit -f), or write to another disk',
  },
  EACCES: rights,
  EPERM: rights,
  EROFS: {
    why: 'the file system is read-only',
    next: 'Name a path on a disk that can be written, or mount it for writing',
  },
  EMFILE: manyFiles,
  ENFILE: { ...manyFiles, why: 'too many open files on this machine' },
  ENOENT: {
    why: 'no such file or folder',
    next: 'Check the path; create a missing folder first (mkdir -p FOLDER)',
  },
  ENOTDIR: { why: 'a part of the path is a file, not a folder', next: 'Check the path' },
  EISDIR: { why: 'it is a folder', next: 'Give the path of a file' },
  ENOTEMPTY: { why: 'the folder is not empty', next: 'Name an empty or new folder' },
  EEXIST: { why: 'it exists already', next: 'Name another path, or move the existing one away' },
  ENAMETOOLONG: { why: 'the name is too long', next: 'Give a shorter path' },
  ELOOP: { why: 'symbolic links lead in a circle', next: 'Check the links of the path (ls -l)' },
  EBUSY: { why: 'it is in use', next: 'Close the program that uses it, then try again' },
  ETXTBSY: { why: 'it is in use', next: 'Close the program that uses it, then try again' },
  EXDEV: { why: 'it would have to move to another disk', next: 'Name a path on the same disk' },
  EIO: {
    why: 'the disk reports a fault',
    next: 'Check the disk and the system log (dmesg); use another disk',
  },
  ENXIO: { why: 'nobody reads or serves it', next: 'Check the path: it is a device or a pipe' },
  ENODEV: { why: 'there is no such device', next: 'Check the path' },
  ESTALE: { why: 'the network file system lost the file', next: 'Mount it again, then try again' },
  ENOMEM: memory,
  ERR_MEMORY_ALLOCATION_FAILED: memory,
  ERR_WORKER_OUT_OF_MEMORY: memory,
  ERR_STRING_TOO_LONG: { ...memory, why: 'the file is too large to be held in memory' },
  ERR_FS_FILE_TOO_LARGE: { ...memory, why: 'the file is too large to be held in memory' },
  EAGAIN: {
    why: 'the machine can start no more processes, or is short of resources',
    next: `Close other programs, or raise the limit (ulimit -u), ${again}`,
  },
  E2BIG: { why: 'the command line is too long', next: 'Pass the values in a file' },
  ENOEXEC: { why: 'it is not a program for this machine', next: 'Check the command' },
  EPIPE: { why: 'the reader of the output has ended', next: 'Check the next program of the pipe' },

  ENOTFOUND: { why: 'the host name is unknown', next: `${otherName}, and the DNS or VPN of this machine` },
  EAI_AGAIN: names,
  EAI_FAIL: names,
  EAI_NODATA: { why: 'the host name has no address', next: otherName },
  EAI_NONAME: { why: 'the host name is unknown', next: otherName },
  ESERVFAIL: names,
  ECONNREFUSED: {
    why: 'nothing listens there',
    next: 'Start the server, or correct host and port in --server, KEYCLOAK_SERVER or the profile',
  },
  ECONNRESET: cut,
  ECONNABORTED: cut,
  UND_ERR_SOCKET: cut,
  ETIMEDOUT: silent,
  ESOCKETTIMEDOUT: silent,
  UND_ERR_CONNECT_TIMEOUT: silent,
  UND_ERR_HEADERS_TIMEOUT: silent,
  UND_ERR_BODY_TIMEOUT: silent,
  EHOSTUNREACH: route,
  EHOSTDOWN: route,
  ENETUNREACH: route,
  ENETDOWN: route,
  EADDRINUSE: {
    why: 'another process has this port',
    next: 'Stop that process, or choose another port',
  },
  EADDRNOTAVAIL: {
    why: 'this machine has no such address, or no free port left',
    next: 'Check the host name and port; wait for other connections to end',
  },
  EPROTO: notTls,
  ERR_SSL_WRONG_VERSION_NUMBER: notTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: notTls,
  ERR_SSL_UNSUPPORTED_PROTOCOL: notTls,
  DEPTH_ZERO_SELF_SIGNED_CERT: selfSigned,
  SELF_SIGNED_CERT_IN_CHAIN: { ...selfSigned, why: "the CA of the server's certificate is self-signed" },
  UNABLE_TO_GET_ISSUER_CERT: unknownIssuer,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownIssuer,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownIssuer,
  CERT_UNTRUSTED: unknownIssuer,
  CERT_HAS_EXPIRED: {
    why: "the server's certificate has expired",
    next: 'Renew it on the server; check the clock of this machine (date)',
  },
  CERT_NOT_YET_VALID: {
    why: "the server's certificate is not valid yet",
    next: 'Check the clock of this machine (date) and of the server',
  },
  CERT_REVOKED: { why: "the server's certificate was revoked", next: 'Install a new one on the server' },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    why: "the server's certificate is for other host names",
    next: 'Use a host name of the certificate, or install one for this name on the server',
  },
  HOSTNAME_MISMATCH: {
    why: "the server's certificate is for other host names",
    next: 'Use a host name of the certificate, or install one for this name on the server',
  },
}

/** Codes that come in families. */
export const families: readonly (readonly [RegExp, Meaning])[] = [
  [/^HPE_/, notHttp],
  [/^ERR_SSL_/, notTls],
  [/^(?:ERR_TLS_|CERT_|INVALID_CA$|INVALID_PURPOSE$)/, refusedCertificate],
]
