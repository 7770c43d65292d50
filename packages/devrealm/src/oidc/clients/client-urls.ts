import type { Client } from '../../model/index.ts'

/** The client's redirect URIs with relative ones made absolute, by its root URL or the realm's base URL. */
export function redirectUrisOf(client: Readonly<Client>, base: string): string[] {
  return client.redirectUris.map((uri) => absolute(client, uri, base))
}

/** Where the client takes logout tokens (OpenID Connect Back-Channel Logout 1.0), or undefined. */
export function backChannelLogoutUrlOf(client: Readonly<Client>, base: string): string | undefined {
  const url = client.attributes['backchannel.logout.url']
  return url === undefined ? undefined : absolute(client, url, base)
}

function absolute(client: Readonly<Client>, uri: string, base: string): string {
  if (!uri.startsWith('/')) return uri
  const root = (client.rootUrl ?? '').replace(/^\$\{auth(?:Base|Admin)Url\}/, base) || base
  return root.replace(/\/$/, '') + uri
}

/** Allowed CORS origins of the client: its web origins; `+` means those of its redirect URIs. */
export function webOriginsOf(client: Readonly<Client>, base: string): string[] {
  const origins = new Set<string>(client.webOrigins.filter((origin) => origin !== '+'))
  if (client.webOrigins.includes('+')) {
    for (const uri of redirectUrisOf(client, base)) {
      const origin = /^https?:\/\/[^/?#*]+/.exec(uri)?.[0]
      if (origin !== undefined) origins.add(origin)
    }
  }
  return [...origins]
}
