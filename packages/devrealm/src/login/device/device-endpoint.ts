import type { Client } from '../../model/index.ts'
import { type ClientRequest, forClient, formOf, mayUseDevices, OidcError, queryOf } from '../../oidc/index.ts'
import { deviceStatusPage, userCodeForm } from '../../pages/index.ts'
import { answer } from '../auth-endpoint.ts'
import { checkChallenge } from '../authorization-request.ts'
import { forbidStoring, type LoginContext, loginIssuer, sendLoginPage } from '../login-context.ts'

/**
 * `auth/device` and `device` (RFC 8628): browsers get the page for the user code, devices start a login. As in Keycloak, the
 * `Accept` header of a POST tells them apart.
 */
export async function deviceEndpoint(login: LoginContext): Promise<unknown> {
  const { context, request, reply } = login
  if (request.method === 'GET') return verifyUserCode(login, queryOf(request).get('user_code'))
  if (/\btext\/html\b/.test(request.headers.accept ?? ''))
    return verifyUserCode(login, formOf(request).get('device_user_code'))
  return forClient(context, request, reply, async (clientRequest) => startDevice(login, clientRequest))
}

/** GET `device/status`: the end of a login for a device. */
export async function deviceStatus(login: LoginContext): Promise<unknown> {
  const error = queryOf(login.request).get('error')
  const messages = new Map([
    ['access_denied', deniedMessage],
    ['expired_token', expiredMessage],
  ])
  const failure = error === undefined || error === '' ? undefined : (messages.get(error) ?? failedMessage)
  return sendLoginPage(login, deviceStatusPage(`${loginIssuer(login)}/device`, failure))
}

const deniedMessage = 'Consent denied for connecting the device.'
const expiredMessage = 'The code has expired. Please go back to your device and try connecting again.'
const failedMessage = 'You may close this browser window and go back to your device and try connecting again.'

/** The device authorization response (RFC 8628 section 3.2). */
function startDevice(login: LoginContext, { context, realm, client, form }: ClientRequest): unknown {
  if (form.hasDuplicates()) throw new OidcError(400, 'invalid_grant', 'duplicated parameter')
  if (!mayUseDevices(client)) {
    throw new OidcError(
      400,
      'unauthorized_client',
      'Client is not allowed to initiate OAuth 2.0 Device Authorization Grant. The flow is disabled for the client.',
    )
  }
  forbidStoring(login)
  const challenge = checkChallenge(client, form)
  const lifespan = settingOf(login, client, 'oauth2.device.code.lifespan', 'oauth2DeviceCodeLifespan', 600)
  const interval = settingOf(
    login,
    client,
    'oauth2.device.polling.interval',
    'oauth2DevicePollingInterval',
    5,
  )
  const { deviceCode, userCode } = context.devices.issue({
    realmId: realm.info.id,
    clientId: client.id,
    scope: form.get('scope'),
    nonce: form.get('nonce'),
    ...challenge,
    expiresAt: context.now() + lifespan * 1000,
    interval: interval * 1000,
  })
  const uri = `${loginIssuer(login)}/device`
  return {
    device_code: deviceCode,
    user_code: userCode,
    verification_uri: uri,
    verification_uri_complete: `${uri}?user_code=${userCode}`,
    expires_in: lifespan,
    interval,
  }
}

function settingOf(
  { realm }: LoginContext,
  { attributes }: Readonly<Client>,
  attribute: string,
  realmAttribute: string,
  standard: number,
): number {
  return Number(attributes[attribute] || realm.info.attributes[realmAttribute] || standard)
}

/** Starts a login for the device with this user code. */
async function verifyUserCode(login: LoginContext, typed: string | undefined): Promise<unknown> {
  const { context, realm } = login
  forbidStoring(login)
  const showForm = (message?: string): unknown =>
    sendLoginPage(login, {
      title: 'Device Login',
      body: userCodeForm(`/realms/${encodeURIComponent(realm.info.realm)}/device`, message),
    })
  if (typed === undefined || typed === '') return showForm()
  const code = context.devices.findByUserCode(realm, typed, context.now())
  const client = code === undefined ? undefined : realm.clients.get(code.clientId)
  if (code === undefined || client?.enabled !== true) return showForm('Invalid code, please try again.')
  if (context.now() >= code.expiresAt) return showForm(expiredMessage)
  return answer(login, {
    clientId: client.clientId,
    redirectUri: '',
    responseType: '',
    responseMode: 'query',
    scope: code.scope,
    state: undefined,
    nonce: undefined,
    prompt: [],
    maxAge: undefined,
    loginHint: undefined,
    challenge: undefined,
    challengeMethod: undefined,
    device: code.deviceCode,
  })
}
