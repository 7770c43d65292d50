import { createHash } from 'node:crypto'
import { BlockList, isIP } from 'node:net'
import { CloakwrightError } from '../errors.ts'
import { toCertificate } from './certificate-field.ts'

/** Where the client's certificate is read. */
export type MtlsOptions =
  /** From the TLS connection itself: this process is the TLS server, with `requestCert: true`. */
  | { readonly from: 'socket' }
  /** From a field that a TLS-terminating proxy sets. */
  | {
      /** The field's name: `client-cert` (RFC 9440), `x-ssl-cert`, … */
      readonly header: string
      /** The proxies that are believed, by address or CIDR: `10.0.0.0/8`. The field of anyone else counts for nothing. */
      readonly trustedProxies: readonly string[]
    }

/** What an adapter knows of a request. */
export interface Connection {
  /** The connection that the request came on, Node's as it is; `undefined` where the runtime has none to show. */
  readonly socket:
    | {
        readonly remoteAddress?: string | undefined
        /** Of TLS connections only. */
        getPeerX509Certificate?(): { readonly raw: Uint8Array } | undefined
      }
    | undefined
  /** Every field of this name, which is in lower case, in order. */
  readonly fields: (name: string) => readonly string[]
}

/** Checks that a client uses the certificate that its token is bound to. */
export interface Mtls {
  /**
   * The client's certificate (DER), if the connection has one.
   *
   * @throws {CW_PROOF_CERTIFICATE} The proxy's field can't be read.
   */
  certificateOf(connection: Connection): Uint8Array | undefined
  /**
   * Compares the certificate with the one that the token is bound to.
   *
   * @throws {CW_PROOF_CERTIFICATE} None, or another.
   */
  check(certificate: Uint8Array | undefined, x5t: string): void
}

/**
 * Makes what checks certificate-bound tokens (RFC 8705 §3). Whoever issued the certificate: that the client has its key
 * is what TLS proves, and which certificate it must be is what the token says. A chain is checked by the TLS server, if
 * by anyone (`rejectUnauthorized`, `ssl_verify_client`); self-signed certificates are as good (§2.2).
 *
 * @throws {CW_CONFIG_MISSING} A header without a trusted proxy.
 * @throws {CW_CONFIG_INVALID}
 */
export function createMtls(options: MtlsOptions): Mtls {
  const certificateOf = 'header' in options ? fromField(options) : fromSocket(options)
  const hint =
    'header' in options
      ? `Use the certificate that the token was asked for with. The proxy must send it as ${options.header} and be among trustedProxies.`
      : 'Use the certificate that the token was asked for with. The TLS server must ask for it (requestCert: true); a request of a serverless adapter or a mock has no TLS connection.'
  return {
    certificateOf,
    check(certificate, x5t) {
      if (certificate === undefined)
        throw new CloakwrightError(
          'CW_PROOF_CERTIFICATE',
          'Request: the token is bound to a client certificate (cnf.x5t#S256), and none came with the request',
          { hint },
        )
      if (thumbprintOf(certificate) !== x5t)
        throw new CloakwrightError(
          'CW_PROOF_CERTIFICATE',
          'Request: the client certificate is not the one that the token is bound to (cnf.x5t#S256)',
          { hint },
        )
    },
  }
}

/** SHA-256 of a certificate (DER), base64url: the `x5t#S256` of RFC 8705 §3.1. */
export function thumbprintOf(certificate: Uint8Array): string {
  return createHash('sha256').update(certificate).digest('base64url')
}

function fromSocket(options: { readonly from: string }): Mtls['certificateOf'] {
  if (options.from !== 'socket')
    throw new CloakwrightError('CW_CONFIG_INVALID', 'mtls: neither from the socket nor from a header', {
      hint: "Write { from: 'socket' }, or { header, trustedProxies }.",
    })
  return ({ socket }) => socket?.getPeerX509Certificate?.()?.raw
}

function fromField(options: {
  readonly header: string
  readonly trustedProxies: readonly string[]
}): Mtls['certificateOf'] {
  const name = String(options.header).toLowerCase()
  if (!/^[a-z\d-]{1,64}$/.test(name))
    throw new CloakwrightError('CW_CONFIG_INVALID', 'header: not the name of a field', {
      hint: 'Name the field in which the proxy passes the certificate on: client-cert (RFC 9440)',
    })
  const trusted = toBlockList(options.trustedProxies)
  return ({ socket, fields }) => {
    const address = socket?.remoteAddress
    const version = address === undefined ? 0 : isIP(address)
    if (address === undefined || version === 0) return undefined
    if (!trusted.check(address, version === 4 ? 'ipv4' : 'ipv6')) return undefined
    return toCertificate(name, fields(name))
  }
}

function toBlockList(proxies: readonly string[]): BlockList {
  const hint = 'List the addresses of the proxies in front of this service: 10.0.0.7, 10.0.0.0/8, ::1'
  if (!Array.isArray(proxies) || proxies.length === 0)
    throw new CloakwrightError('CW_CONFIG_MISSING', 'trustedProxies: nobody’s header is believed', { hint })
  const list = new BlockList()
  for (const [index, proxy] of proxies.entries()) {
    const [address = '', length, ...rest] = String(proxy).split('/')
    const version = isIP(address)
    const bits = version === 4 ? 32 : 128
    const prefix = length === undefined ? bits : /^\d{1,3}$/.test(length) ? Number(length) : -1
    // A prefix of no bits would trust everyone.
    if (version === 0 || rest.length > 0 || prefix < 1 || prefix > bits)
      throw new CloakwrightError(
        'CW_CONFIG_INVALID',
        `trustedProxies: number ${index + 1} is no address or CIDR`,
        { hint },
      )
    list.addSubnet(address, prefix, version === 4 ? 'ipv4' : 'ipv6')
  }
  return list
}
