import { baseUrl } from '../../context/index.ts'
import type { User } from '../../model/index.ts'
import { resolveRedirectUri } from '../../oidc/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { nothing, textListShape } from '../body/index.ts'
import { AdminError, refused } from '../errors.ts'
import { type AnyCall, needs, type Resource } from '../request/index.ts'

/** E-mails to a user: links to required actions and to verify the e-mail address. */
export function userEmailRoutes(one: Resource<Readonly<User>>): void {
  one.put('/execute-actions-email', needs.manageUsers, textListShape, (call) => {
    const { realm, found, body } = call
    requireReachable(found)
    requireLinkBack(call)
    const known = realm.info.requiredActions.filter((action) => action.enabled).map((action) => action.alias)
    if (!body.every((alias) => known.includes(alias))) throw refused('Provided invalid required actions')
    throw noMail(`execute actions email${senderProblem(realm)}`)
  })
  for (const [path, what] of [
    ['/send-verify-email', 'verify email'],
    ['/reset-password-email', 'execute actions email'],
  ] as const) {
    one.put(path, needs.manageUsers, nothing, ({ found }) => {
      requireReachable(found)
      throw noMail(what)
    })
  }
}

function requireReachable(user: Readonly<User>): void {
  if (user.email === undefined) throw refused('User email missing')
  if (!user.enabled) throw refused('User is disabled')
}

/** The target of a link in an e-mail: a client and one of its redirect URIs. */
function requireLinkBack({ context, request, realm, query }: AnyCall): void {
  const [clientId, redirectUri] = [query.text('client_id'), query.text('redirect_uri')]
  if (clientId === undefined) {
    if (redirectUri !== undefined) throw refused('Client id missing')
    return
  }
  const client = realm.clientByName.get(clientId)
  if (client === undefined) throw refused("Client doesn't exist")
  if (!client.enabled) throw refused('Client is not enabled')
  const base = baseUrl(context, request)
  if (redirectUri !== undefined && resolveRedirectUri(client, redirectUri, base, true) === undefined)
    throw refused('Invalid redirect uri.')
}

function senderProblem(realm: RealmStore): string {
  const { from } = (realm.info['smtpServer'] ?? {}) as { from?: string }
  if (from !== undefined) return ''
  return `: Invalid sender address 'null'. If the address contains UTF-8 characters in the local part please ensure the SMTP server supports the SMTPUTF8 extension and enable 'Allow UTF-8' in the email realm configuration.`
}

/** The embedded realm sends no e-mail: this is Keycloak's response when sending fails. */
function noMail(what: string): AdminError {
  return new AdminError(500, { errorMessage: `Failed to send ${what}` })
}
