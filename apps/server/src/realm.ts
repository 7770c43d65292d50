import {
  type ClientDefinition,
  defineRealm,
  type FlowDefinition,
  type RealmDefinition,
  type UserDefinition,
} from '@cloakwright/admin/realm'
import { loadRealmConfig } from './config/index.ts'

/** Options of the project's realm. */
export interface RealmOptions {
  readonly realm: string
  readonly clientId: string
  readonly clientSecret: string
  /** The server's origin in the browser. */
  readonly publicUrl: string
  /** `development` adds demo users and the password grant; `production` adds security settings. */
  readonly profile: 'development' | 'production'
}

/**
 * The project's realm, as data: applied by `@cloakwright/admin` to the embedded realm and to Keycloak alike.
 *
 * @throws {CW_REALM_INVALID}
 */
export function realmDefinition(options: RealmOptions): RealmDefinition {
  return defineRealm(options.profile === 'production' ? production(options) : development(options))
}

/** The realm that the server's environment variables describe: what `cloakwright realm` and `npm run keycloak` apply. */
export default async function realmFromEnvironment(env: NodeJS.ProcessEnv): Promise<RealmDefinition> {
  const config = loadRealmConfig(env)
  const { keycloak, publicUrl, production } = config
  return realmDefinition({
    realm: keycloak.realm,
    clientId: keycloak.clientId,
    clientSecret: await config.clientSecret(),
    publicUrl,
    profile: production ? 'production' : 'development',
  })
}

function development(options: RealmOptions): RealmDefinition {
  return {
    ...common(options),
    clients: [{ ...serverClient(options), directAccessGrantsEnabled: true }],
    users: [demoUser('alice', 'Liddell', ['admin', 'user']), demoUser('bob', 'Builder', ['user'])],
  }
}

function production(options: RealmOptions): RealmDefinition {
  return {
    ...common(options),
    accessTokenLifespan: 5 * minutes,
    ssoSessionIdleTimeout: 30 * minutes,
    ssoSessionMaxLifespan: 10 * hours,
    offlineSessionMaxLifespanEnabled: true,
    // A refresh token works once; a second use ends the session for everyone with a copy.
    revokeRefreshToken: true,
    refreshTokenMaxReuse: 0,

    bruteForceProtected: true,
    permanentLockout: false,
    failureFactor: 5,
    waitIncrementSeconds: 1 * minutes,
    maxFailureWaitSeconds: 15 * minutes,
    maxDeltaTimeSeconds: 12 * hours,
    quickLoginCheckMilliSeconds: 1000,
    minimumQuickLoginWaitSeconds: 1 * minutes,
    passwordPolicy: 'length(12) and notUsername(undefined) and notEmail(undefined) and passwordHistory(5)',

    // Both would bypass the administrators' second factor: a new account, and a link in a mailbox.
    registrationAllowed: false,
    resetPasswordAllowed: false,
    rememberMe: false,
    otpPolicyType: 'totp',
    otpPolicyCodeReusable: false,
    authenticationFlows: [browserFlow],
    browserFlow: browserFlow.alias,
    requiredActions: [{ alias: 'CONFIGURE_TOTP', enabled: true }],

    eventsEnabled: true,
    eventsExpiration: 90 * days,
    adminEventsEnabled: true,
    adminEventsDetailsEnabled: true,

    clients: [
      { ...serverClient(options), directAccessGrantsEnabled: false },
      // Every realm has this client: public, and open to the password grant, which requires no second factor.
      { clientId: 'admin-cli', directAccessGrantsEnabled: false },
    ],
  }
}

const minutes = 60
const hours = 60 * minutes
const days = 24 * hours

function common({ realm }: RealmOptions): RealmDefinition {
  return {
    realm,
    enabled: true,
    displayName: 'Cloakwright',
    // https for everyone except loopback and private IP addresses, where the server's own back channel may run.
    sslRequired: 'external',
    roles: {
      realm: [
        { name: 'admin', description: 'Views and manages everything' },
        { name: 'user', description: 'Manages their own data' },
      ],
    },
  }
}

function serverClient({ clientId, clientSecret, publicUrl }: RealmOptions): ClientDefinition {
  return {
    clientId,
    secret: clientSecret,
    name: 'Cloakwright server',
    enabled: true,
    protocol: 'openid-connect',
    publicClient: false,
    clientAuthenticatorType: 'client-secret',
    standardFlowEnabled: true,
    implicitFlowEnabled: false,
    serviceAccountsEnabled: false,
    redirectUris: [`${publicUrl}/auth/callback`],
    webOrigins: [publicUrl],
    attributes: {
      'post.logout.redirect.uris': `${publicUrl}/`,
      'pkce.code.challenge.method': 'S256',
      'backchannel.logout.url': `${publicUrl}/auth/backchannel-logout`,
      'backchannel.logout.session.required': 'true',
    },
    protocolMappers: [
      {
        // Keycloak never adds the client itself to `aud`, and the server accepts no token without it.
        name: 'audience',
        protocolMapper: 'oidc-audience-mapper',
        config: {
          'included.client.audience': clientId,
          'access.token.claim': 'true',
          'id.token.claim': 'false',
          'introspection.token.claim': 'true',
        },
      },
    ],
  }
}

function demoUser(username: string, lastName: string, roles: string[]): UserDefinition {
  return {
    username,
    password: username,
    email: `${username}@example.com`,
    emailVerified: true,
    enabled: true,
    firstName: username.charAt(0).toUpperCase() + username.slice(1),
    lastName,
    roles: { realm: roles },
  }
}

/**
 * Keycloak's browser flow, with a second factor that is required for administrators: one who has none must set it up before
 * the first login is complete. Everyone else is asked for it if it is set up, as in the built-in flow. Each user passes
 * exactly one of the two conditional flows.
 */
const browserFlow: FlowDefinition = {
  alias: 'cloakwright browser',
  description: 'Browser login with a one-time password required for administrators',
  executions: [
    { authenticator: 'auth-cookie', requirement: 'ALTERNATIVE' },
    { authenticator: 'identity-provider-redirector', requirement: 'ALTERNATIVE' },
    {
      flow: 'cloakwright forms',
      description: 'User name, password and second factor',
      requirement: 'ALTERNATIVE',
      executions: [
        { authenticator: 'auth-username-password-form', requirement: 'REQUIRED' },
        {
          flow: 'cloakwright administrators',
          description: 'Requires a one-time password from users with the role admin',
          requirement: 'CONDITIONAL',
          executions: [
            {
              authenticator: 'conditional-user-role',
              requirement: 'REQUIRED',
              config: {
                alias: 'cloakwright is administrator',
                config: { condUserRole: 'admin', negate: 'false' },
              },
            },
            { authenticator: 'auth-otp-form', requirement: 'REQUIRED' },
          ],
        },
        {
          flow: 'cloakwright others',
          description: 'Asks other users for a one-time password if they have set one up',
          requirement: 'CONDITIONAL',
          executions: [
            {
              authenticator: 'conditional-user-role',
              requirement: 'REQUIRED',
              config: {
                alias: 'cloakwright is no administrator',
                config: { condUserRole: 'admin', negate: 'true' },
              },
            },
            { authenticator: 'conditional-user-configured', requirement: 'REQUIRED' },
            { authenticator: 'auth-otp-form', requirement: 'REQUIRED' },
          ],
        },
      ],
    },
  ],
}
