export type Requirement = 'REQUIRED' | 'ALTERNATIVE' | 'DISABLED' | 'CONDITIONAL'

export interface FlowProvider {
  readonly displayName: string
  readonly choices: readonly Requirement[]
  readonly configurable: boolean
}

const required: readonly Requirement[] = ['REQUIRED']
const switchable: readonly Requirement[] = ['REQUIRED', 'DISABLED']
const usual: readonly Requirement[] = ['REQUIRED', 'ALTERNATIVE', 'DISABLED']

/** The names of the provider lists in URLs. */
export type ProviderList = 'authenticator' | 'client-authenticator' | 'form-action'

/** The providers of a list. */
export function providersOf(list: ProviderList): readonly { id: string; displayName: string }[] {
  return Object.entries(flowProviders)
    .filter(([id]) => listOf(id) === list)
    .map(([id, { displayName }]) => ({ id, displayName }))
}

function listOf(id: string): ProviderList {
  if (id.startsWith('registration-')) return 'form-action'
  return id.startsWith('client-') || id === 'federated-jwt' ? 'client-authenticator' : 'authenticator'
}

/** The kinds of subflows. */
export const subFlowChoices: readonly Requirement[] = ['REQUIRED', 'ALTERNATIVE', 'DISABLED', 'CONDITIONAL']
export const formFlowChoices: readonly Requirement[] = switchable

function provider(
  displayName: string,
  choices: readonly Requirement[] = usual,
  configurable = false,
): FlowProvider {
  return { displayName, choices, configurable }
}

/** Keycloak 26's authenticators, client authenticators and form actions. */
export const flowProviders: Readonly<Record<string, FlowProvider>> = {
  'allow-access-authenticator': provider('Allow access', switchable),
  'auth-conditional-otp-form': provider('Conditional OTP Form', usual, true),
  'auth-cookie': provider('Cookie'),
  'auth-otp-form': provider('OTP Form'),
  'auth-password-form': provider('Password Form'),
  'auth-recovery-authn-code-form': provider('Recovery Authentication Code Form'),
  'auth-spnego': provider('Kerberos'),
  'auth-username-form': provider('Username Form', required),
  'auth-username-password-form': provider('Username Password Form', required),
  'auth-x509-client-username-form': provider('X509/Validate Username Form', usual, true),
  'client-jwt': provider('Signed JWT'),
  'client-secret': provider('Client Id and Secret'),
  'client-secret-jwt': provider('Signed JWT with Client Secret'),
  'client-x509': provider('X509 Certificate'),
  'conditional-client-scope': provider('Condition - client scope', switchable, true),
  'conditional-credential': provider('Condition - credential', switchable, true),
  'conditional-level-of-authentication': provider('Condition - Level of Authentication', switchable, true),
  'conditional-sub-flow-executed': provider('Condition - sub-flow executed', switchable, true),
  'conditional-user-attribute': provider('Condition - user attribute', switchable, true),
  'conditional-user-configured': provider('Condition - user configured', switchable),
  'conditional-user-role': provider('Condition - user role', switchable, true),
  'deny-access-authenticator': provider('Deny access', switchable, true),
  'direct-grant-auth-x509-username': provider('X509/Validate Username', required, true),
  'direct-grant-validate-otp': provider('OTP'),
  'direct-grant-validate-password': provider('Password'),
  'direct-grant-validate-username': provider('Username Validation', required),
  'docker-http-basic-authenticator': provider('Docker Authenticator', required),
  'federated-jwt': provider('Signed JWT - Federated'),
  'http-basic-authenticator': provider('HTTP Basic Authentication', [
    'REQUIRED',
    'ALTERNATIVE',
    'CONDITIONAL',
    'DISABLED',
  ]),
  'identity-provider-redirector': provider('Identity Provider Redirector', usual, true),
  'idp-add-organization-member': provider('Organization Member Onboard'),
  'idp-auto-link': provider('Automatically set existing user'),
  'idp-confirm-link': provider('Confirm link existing account'),
  'idp-confirm-override-link': provider('Confirm override existing link', switchable),
  'idp-create-user-if-unique': provider('Create User If Unique', usual, true),
  'idp-detect-existing-broker-user': provider('Detect existing broker user', switchable),
  'idp-email-verification': provider('Verify existing account by Email'),
  'idp-review-profile': provider('Review Profile', usual, true),
  'idp-username-password-form': provider(
    'Username Password Form for identity provider reauthentication',
    required,
  ),
  organization: provider('Organization Identity-First Login', usual, true),
  'registration-password-action': provider('Password Validation', switchable, true),
  'registration-recaptcha-action': provider('reCAPTCHA', switchable, true),
  'registration-recaptcha-enterprise': provider('reCAPTCHA Enterprise', switchable, true),
  'registration-terms-and-conditions': provider('Terms and conditions', switchable),
  'registration-user-creation': provider('Registration User Profile Creation', switchable),
  'reset-credential-email': provider('Send Reset Email', required, true),
  'reset-credentials-choose-user': provider('Choose User', required),
  'reset-otp': provider('Reset OTP', usual, true),
  'reset-password': provider('Reset Password'),
  'user-session-limits': provider('User session count limiter', switchable, true),
  'webauthn-authenticator': provider('WebAuthn Authenticator'),
  'webauthn-authenticator-passwordless': provider('WebAuthn Passwordless Authenticator'),
}
