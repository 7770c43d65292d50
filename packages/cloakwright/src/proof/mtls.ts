import { createHash } from 'node:crypto'
import { BlockList, isIP } from 'node:net'
import { CloakwrightError } from '../errors.ts'
import { toCertificate } from './certificate-field.ts'

/** Where to read the client's certificate. */
export type MtlsOptions =
  /** From the TLS connection itself: this process is the TLS server, with `requestCert: true`. */
  | { readonly from: 'socket' }
  /** From a header that a TLS-terminating proxy sets. */
  | {
      /** The header's name: `client-cert` (RFC 9440), `x-ssl-cert`, … */
      readonly header: string
      /** The trusted proxies, by IP address or CIDR: `10.0.0.0/8`. The header is ignored if it comes from anyone else. */
      readonly trustedProxies: readonly string[]
    }

/** What an adapter knows about a request. */
export interface Connection {
  /** Node's own connection of the request; `undefined` if the runtime does not expose it. */
  readonly socket:
    | {
        readonly remoteAddress?: string | undefined
        /** Exists on TLS connections only. */
        getPeerX509Certificate?(): { readonly raw: Uint8Array } | undefined
      }
    | undefined
  /** Every header of this name (lower case), in order. */
  readonly fields: (name: string) => readonly string[]
}

/** Checks that a client uses the certificate that its token is bound to. */
export interface Mtls {
  /**
   * The client's certificate (DER), if the connection has one.
   *
   * @throws {CW_PROOF_CERTIFICATE} The proxy's header is invalid.
   */
  certificateOf(connection: Connection): Uint8Array | undefined
  /**
   * Compares the certificate with the one that the token is bound to.
   *
   * @throws {CW_PROOF_CERTIFICATE} No certificate, or another one.
   */
  check(certificate: Uint8Array | undefined, x5t: string): void
}

/**
 * Creates the checker of certificate-bound tokens (RFC 8705 §3). The issuer of the certificate does not matter: TLS proves
 * that the client has its key, and the token contains its thumbprint. Only the TLS server can check a chain
 * (`rejectUnauthorized`, `ssl_verify_client`); self-signed certificates are accepted (§2.2).
 *
 * @throws {CW_CONFIG_MISSING} A header without a trusted proxy.
 * @throws {CW_CONFIG_INVALID}
 */
export function createMtls(options: MtlsOptions): Mtls {
  const certificateOf = 'header' in options ? fromField(options) : fromSocket(options)
  const hint =
    'header' in options
      ? `Use the certificate that was used to request the token. The proxy must send it as ${options.header} and be one of trustedProxies.`
      : 'Use the certificate that was used to request the token. The TLS server must request it (requestCert: true); a request of a serverless adapter or a mock has no TLS connection.'
  return {
    certificateOf,
    check(certificate, x5t) {
      if (certificate === undefined)
        throw new CloakwrightError(
          'CW_PROOF_CERTIFICATE',
          'Request: the token is bound to a client certificate (cnf.x5t#S256), but the request has none',
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
    throw new CloakwrightError('CW_CONFIG_INVALID', "mtls: needs from: 'socket', or a header", {
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
    throw new CloakwrightError('CW_CONFIG_INVALID', 'header: not a header name', {
      hint: 'Set it to the header in which the proxy forwards the certificate: client-cert (RFC 9440)',
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
  const hint = 'List the IP addresses of the proxies in front of this service: 10.0.0.7, 10.0.0.0/8, ::1'
  if (!Array.isArray(proxies) || proxies.length === 0)
    throw new CloakwrightError('CW_CONFIG_MISSING', 'trustedProxies: the list is empty', { hint })
  const list = new BlockList()
  for (const [index, proxy] of proxies.entries()) {
    const [address = '', length, ...rest] = String(proxy).split('/')
    const version = isIP(address)
    const bits = version === 4 ? 32 : 128
    const prefix = length === undefined ? bits : /^\d{1,3}$/.test(length) ? Number(length) : -1
    // A prefix of 0 bits would trust everyone.
    if (version === 0 || rest.length > 0 || prefix < 1 || prefix > bits)
      throw new CloakwrightError('CW_CONFIG_INVALID', `trustedProxies[${index}]: not an IP address or CIDR`, {
        hint,
      })
    list.addSubnet(address, prefix, version === 4 ? 'ipv4' : 'ipv6')
  }
  return list
}
