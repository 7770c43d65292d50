/**
 * Whether a request asks for a WebSocket: an upgrade (RFC 6455 §4.1), or a CONNECT of HTTP/2 or HTTP/3 (RFC 8441,
 * RFC 9220). The method and the `Upgrade` header decide: proxies and frameworks may have changed the rest.
 */
export function isUpgrade(method: string, upgrade: string | null | undefined): boolean {
  return method === 'CONNECT' || (upgrade != null && /websocket/i.test(upgrade))
}
