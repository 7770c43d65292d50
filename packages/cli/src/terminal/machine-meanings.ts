/** The meanings of Node's and OpenSSL's error codes for machine, disks and network. */

/** Why something failed, and the next step. */
export interface Meaning {
  readonly why: string
  readonly next: string
}

const again = 'then run the same command again'
const certificate =
  'If you trust it, set NODE_EXTRA_CA_CERTS to its CA certificate (PEM). Do not disable the check'
const otherName = 'Check the host name in --server, KEYCLOAK_SERVER or the profile'

const space: Meaning = {
  why: 'no space left on the disk',
  next: `Free space on that disk, ${again}`,
}
const rights: Meaning = {
  why: 'permission denied',
  next: 'Check owner and mode of the file and its folder (ls -ld), or use another path',
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
  why: 'the name server did not respond',
  next: 'Check the network, VPN and DNS (/etc/resolv.conf) of this machine, then try again',
}
export const silent: Meaning = {
  why: 'no response in time',
  next: 'Check host name, port, firewall, VPN and proxy, then try again',
}
const cut: Meaning = {
  why: 'the server closed the connection',
  next: "Check the server's log and any proxy, then try again",
}
const route: Meaning = {
  why: 'no route to the host',
  next: 'Check the network and VPN of this machine, and the host name, then try again',
}
const notTls: Meaning = {
  why: 'the server does not use TLS on this port, or an unsupported version',
  next: 'Check scheme and port: a server for http:// does not accept https://',
}
const notHttp: Meaning = {
  why: 'the response is not HTTP',
  next: 'Check scheme and port: a server for https:// does not accept http://',
}
const selfSigned: Meaning = { why: "the server's certificate is self-signed", next: certificate }
const unknownIssuer: Meaning = {
  why: "this machine does not know the issuer of the server's certificate",
  next: certificate,
}
const refusedCertificate: Meaning = { why: "the server's certificate is not accepted", next: certificate }

/** By code. */
export const meanings: Readonly<Record<string, Meaning>> = {
  ENOSPC: space,
  EDQUOT: { why: 'the disk quota is used up', next: `Free space or raise the quota, ${again}` },
  EFBIG: {
    why: 'the file would exceed the limit of the disk or the process',
    next: 'Raise the limit (ulimit -f), or write to another disk',
  },
  EACCES: rights,
  EPERM: rights,
  EROFS: {
    why: 'the file system is read-only',
    next: 'Use a path on a writable disk, or mount this one for writing',
  },
  EMFILE: manyFiles,
  ENFILE: { ...manyFiles, why: 'too many open files on this machine' },
  ENOENT: {
    why: 'no such file or folder',
    next: 'Check the path; create a missing folder first (mkdir -p FOLDER)',
  },
  ENOTDIR: { why: 'part of the path is a file, not a folder', next: 'Check the path' },
  EISDIR: { why: 'it is a folder', next: 'Give the path of a file' },
  ENOTEMPTY: { why: 'the folder is not empty', next: 'Use an empty or new folder' },
  EEXIST: { why: 'it exists already', next: 'Use another path, or move the existing file away' },
  ENAMETOOLONG: { why: 'the name is too long', next: 'Use a shorter path' },
  ELOOP: { why: 'symbolic links form a loop', next: 'Check the links of the path (ls -l)' },
  EBUSY: { why: 'it is in use', next: 'Close the program that uses it, then try again' },
  ETXTBSY: { why: 'it is in use', next: 'Close the program that uses it, then try again' },
  EXDEV: { why: 'the target is on another disk', next: 'Use a path on the same disk' },
  EIO: {
    why: 'the disk reports a fault',
    next: 'Check the disk and the system log (dmesg); use another disk',
  },
  ENXIO: { why: 'the device or pipe is not in use', next: 'Check the path: it is a device or a pipe' },
  ENODEV: { why: 'the device does not exist', next: 'Check the path' },
  ESTALE: { why: 'the network file system lost the file', next: 'Mount it again, then try again' },
  ENOMEM: memory,
  ERR_MEMORY_ALLOCATION_FAILED: memory,
  ERR_WORKER_OUT_OF_MEMORY: memory,
  ERR_STRING_TOO_LONG: { ...memory, why: 'the file is too large for memory' },
  ERR_FS_FILE_TOO_LARGE: { ...memory, why: 'the file is too large for memory' },
  EAGAIN: {
    why: 'the machine is out of processes or other resources',
    next: `Close other programs, or raise the limit (ulimit -u), ${again}`,
  },
  E2BIG: { why: 'the command line is too long', next: 'Pass the values in a file' },
  ENOEXEC: { why: 'this machine cannot run the program', next: 'Check the command' },
  EPIPE: { why: 'the reader of the output has exited', next: 'Check the next program of the pipe' },

  ENOTFOUND: { why: 'the host name is unknown', next: `${otherName}, and the DNS or VPN of this machine` },
  EAI_AGAIN: names,
  EAI_FAIL: names,
  EAI_NODATA: { why: 'the host name has no IP address', next: otherName },
  EAI_NONAME: { why: 'the host name is unknown', next: otherName },
  ESERVFAIL: names,
  ECONNREFUSED: {
    why: 'connection refused',
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
    why: 'another process uses this port',
    next: 'Stop that process, or choose another port',
  },
  EADDRNOTAVAIL: {
    why: 'this machine does not have that address, or has no free port left',
    next: 'Check the host name and port, or wait for other connections to end',
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
    next: 'Use a host name of the certificate, or install a certificate for this name on the server',
  },
  HOSTNAME_MISMATCH: {
    why: "the server's certificate is for other host names",
    next: 'Use a host name of the certificate, or install a certificate for this name on the server',
  },
}

/** Meanings by pattern, for groups of codes. */
export const families: readonly (readonly [RegExp, Meaning])[] = [
  [/^HPE_/, notHttp],
  [/^ERR_SSL_/, notTls],
  [/^(?:ERR_TLS_|CERT_|INVALID_CA$|INVALID_PURPOSE$)/, refusedCertificate],
]
