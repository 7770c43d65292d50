/** What is wrong with a URL in place of a realm's, and the one to write instead. */
export interface RealmUrlMistake {
  readonly why: string
  readonly use: string
}

const base = String.raw`https?:\/\/[^?#@]+?`

/** The other addresses of Keycloak that people copy, each by what is wrong with it. */
const mistakes: readonly (readonly [pattern: RegExp, why: string, use: string])[] = [
  [
    new RegExp(String.raw`^(${base})\/\.well-known\/openid-configuration\/?$`),
    'the URL of the discovery document',
    '$1',
  ],
  [
    new RegExp(String.raw`^(${base})\/\.well-known\/oauth-authorization-server(\/realms\/[^/?#]+)?\/?$`),
    'the URL of the discovery document',
    '$1$2',
  ],
  // The console's own address has the realm that it shows in the fragment, if it is not its own.
  [
    new RegExp(String.raw`^(${base})\/admin\/[^/?#]+\/console\/?#\/([^/?#]+).*$`),
    'the URL of the admin console',
    '$1/realms/$2',
  ],
  [
    new RegExp(String.raw`^(${base})\/admin\/(?:realms\/)?([^/?#]+)(?:\/.*)?$`),
    'the URL of the admin console or API',
    '$1/realms/$2',
  ],
  [
    new RegExp(String.raw`^(${base}\/realms\/[^/?#]+)\/[^?#]+$`),
    'the URL of something below the realm',
    '$1',
  ],
  [
    /^(https?:\/\/[^/?#@]+(?:\/auth)?)(?:\/|\/realms\/?)?$/,
    'the base URL of Keycloak, which names no realm',
    '$1/realms/REALM',
  ],
]

/** Recognizes Keycloak's other addresses: its base URL, its consoles, a discovery document, an endpoint. */
export function realmUrlMistake(url: string): RealmUrlMistake | undefined {
  for (const [pattern, why, use] of mistakes)
    if (pattern.test(url)) return { why, use: withRealm(url.replace(pattern, use)) }
  return undefined
}

/** A discovery document of a server, not of a realm: the issuer lacks a realm's name too. */
function withRealm(url: string): string {
  return /^https?:\/\/[^/]+(?:\/auth)?$/.test(url) ? `${url}/realms/REALM` : url
}
