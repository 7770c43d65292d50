/** What is wrong with a URL that is not a realm's, and the URL to use instead. */
export interface RealmUrlMistake {
  readonly why: string
  readonly use: string
}

const base = String.raw`https?:\/\/[^?#@]+?`

/** Other Keycloak URLs that users copy, with the reason why each is wrong. */
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
  // The console's URL has its realm in the fragment, unless it shows its own realm.
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
    'the URL of an endpoint or page below the realm',
    '$1',
  ],
  // A host alone may be the issuer of another provider: if it is Keycloak's, discovery fails and says so.
  [
    /^(https?:\/\/[^/?#@]+\/auth|https?:\/\/[^/?#@]+(?=\/realms\/?$))(?:\/|\/realms\/?)?$/,
    'the base URL of Keycloak, without a realm name',
    '$1/realms/REALM',
  ],
]

/** Recognizes other Keycloak URLs: the base URL, a console, a discovery document, an endpoint. */
export function realmUrlMistake(url: string): RealmUrlMistake | undefined {
  for (const [pattern, why, use] of mistakes)
    if (pattern.test(url)) return { why, use: withRealm(url.replace(pattern, use)) }
  return undefined
}

/** Handles the discovery document of a server instead of a realm: its issuer has no realm name. */
function withRealm(url: string): string {
  return /^https?:\/\/[^/]+(?:\/auth)?$/.test(url) ? `${url}/realms/REALM` : url
}
