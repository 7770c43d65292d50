import type { Requirement } from './flow-providers.ts'

/** A step of a flow: an authenticator or a subflow. */
export interface StepDefinition {
  readonly requirement: Requirement
  readonly priority: number
  readonly authenticator?: string
  readonly flow?: FlowDefinition
  readonly config?: { readonly alias: string; readonly config: Record<string, string> }
}

export interface FlowDefinition {
  readonly alias: string
  readonly description?: string
  readonly providerId?: string
  readonly steps: readonly StepDefinition[]
}

type StepMore = Omit<StepDefinition, 'requirement' | 'priority' | 'authenticator'>

function step(
  authenticator: string,
  requirement: Requirement,
  priority: number,
  more: StepMore = {},
): StepDefinition {
  return { authenticator, requirement, priority, ...more }
}

function within(requirement: Requirement, priority: number, flow: FlowDefinition): StepDefinition {
  return { requirement, priority, flow }
}

const isConfigured = step('conditional-user-configured', 'REQUIRED', 10)

function secondFactor(alias: string, conditionAlias: string): StepDefinition {
  return within('CONDITIONAL', 20, {
    alias,
    description: 'Flow to determine if any 2FA is required for the authentication',
    steps: [
      isConfigured,
      step('conditional-credential', 'REQUIRED', 20, {
        config: { alias: conditionAlias, config: { credentials: 'webauthn-passwordless' } },
      }),
      step('auth-otp-form', 'ALTERNATIVE', 30),
      step('webauthn-authenticator', 'DISABLED', 40),
      step('auth-recovery-authn-code-form', 'DISABLED', 50),
    ],
  })
}

/** The flows of a new realm, as in Keycloak 26. */
export const defaultFlows: readonly FlowDefinition[] = [
  {
    alias: 'browser',
    description: 'Browser based authentication',
    steps: [
      step('auth-cookie', 'ALTERNATIVE', 10),
      step('auth-spnego', 'DISABLED', 20),
      step('identity-provider-redirector', 'ALTERNATIVE', 25),
      within('ALTERNATIVE', 26, {
        alias: 'Organization',
        steps: [
          within('CONDITIONAL', 10, {
            alias: 'Browser - Conditional Organization',
            description: 'Flow to determine if the organization identity-first login is to be used',
            steps: [isConfigured, step('organization', 'ALTERNATIVE', 20)],
          }),
        ],
      }),
      within('ALTERNATIVE', 30, {
        alias: 'forms',
        description: 'Username, password, otp and other auth forms.',
        steps: [
          step('auth-username-password-form', 'REQUIRED', 10),
          secondFactor('Browser - Conditional 2FA', 'browser-conditional-credential'),
        ],
      }),
    ],
  },
  {
    alias: 'direct grant',
    description: 'OpenID Connect Resource Owner Grant',
    steps: [
      step('direct-grant-validate-username', 'REQUIRED', 10),
      step('direct-grant-validate-password', 'REQUIRED', 20),
      within('CONDITIONAL', 30, {
        alias: 'Direct Grant - Conditional OTP',
        description: 'Flow to determine if the OTP is required for the authentication',
        steps: [isConfigured, step('direct-grant-validate-otp', 'REQUIRED', 20)],
      }),
    ],
  },
  {
    alias: 'registration',
    description: 'Registration flow',
    steps: [
      {
        ...step('registration-page-form', 'REQUIRED', 10),
        flow: {
          alias: 'registration form',
          description: 'Registration form',
          providerId: 'form-flow',
          steps: [
            step('registration-user-creation', 'REQUIRED', 20),
            step('registration-password-action', 'REQUIRED', 50),
            step('registration-recaptcha-action', 'DISABLED', 60),
            step('registration-terms-and-conditions', 'DISABLED', 70),
          ],
        },
      },
    ],
  },
  {
    alias: 'reset credentials',
    description: 'Reset credentials for a user if they forgot their password or something',
    steps: [
      step('reset-credentials-choose-user', 'REQUIRED', 10),
      step('reset-credential-email', 'REQUIRED', 20),
      step('reset-password', 'REQUIRED', 30),
      within('CONDITIONAL', 40, {
        alias: 'Reset - Conditional OTP',
        description: 'Flow to determine if the OTP should be reset or not. Set to REQUIRED to force.',
        steps: [isConfigured, step('reset-otp', 'REQUIRED', 20)],
      }),
    ],
  },
  {
    alias: 'clients',
    description: 'Base authentication for clients',
    providerId: 'client-flow',
    steps: [
      step('client-secret', 'ALTERNATIVE', 10),
      step('client-jwt', 'ALTERNATIVE', 20),
      step('client-secret-jwt', 'ALTERNATIVE', 30),
      step('client-x509', 'ALTERNATIVE', 40),
      step('federated-jwt', 'ALTERNATIVE', 50),
    ],
  },
  {
    alias: 'first broker login',
    description:
      'Actions taken after first broker login with identity provider account, which is not yet linked to any Keycloak account',
    steps: [
      step('idp-review-profile', 'REQUIRED', 10, {
        config: { alias: 'review profile config', config: { 'update.profile.on.first.login': 'missing' } },
      }),
      within('REQUIRED', 20, {
        alias: 'User creation or linking',
        description: 'Flow for the existing/non-existing user alternatives',
        steps: [
          step('idp-create-user-if-unique', 'ALTERNATIVE', 10, {
            config: {
              alias: 'create unique user config',
              config: { 'require.password.update.after.registration': 'false' },
            },
          }),
          within('ALTERNATIVE', 20, {
            alias: 'Handle Existing Account',
            description:
              'Handle what to do if there is existing account with same email/username like authenticated identity provider',
            steps: [
              step('idp-confirm-link', 'REQUIRED', 10),
              within('REQUIRED', 20, {
                alias: 'Account verification options',
                description: 'Method with which to verify the existing account',
                steps: [
                  step('idp-email-verification', 'ALTERNATIVE', 10),
                  within('ALTERNATIVE', 20, {
                    alias: 'Verify Existing Account by Re-authentication',
                    description: 'Reauthentication of existing account',
                    steps: [
                      step('idp-username-password-form', 'REQUIRED', 10),
                      secondFactor(
                        'First broker login - Conditional 2FA',
                        'first-broker-login-conditional-credential',
                      ),
                    ],
                  }),
                ],
              }),
            ],
          }),
        ],
      }),
      within('CONDITIONAL', 60, {
        alias: 'First Broker Login - Conditional Organization',
        description: 'Flow to determine if the authenticator that adds organization members is to be used',
        steps: [isConfigured, step('idp-add-organization-member', 'REQUIRED', 20)],
      }),
    ],
  },
  {
    alias: 'docker auth',
    description: 'Used by Docker clients to authenticate against the IDP',
    steps: [step('docker-http-basic-authenticator', 'REQUIRED', 10)],
  },
]
