import { type ChallengeParameters, CloakwrightError } from '../errors.ts'

/**
 * What a login asks of the realm, by the names of OpenID Connect Core §3.1.2.1, OpenID Connect Prompt Create and Keycloak
 * (`kc_idp_hint`: the identity provider to use; `kc_action`: the action to show, such as `UPDATE_PASSWORD`).
 */
export type LoginParameters = Readonly<Partial<Record<ParameterName, string>>>

type ParameterName =
  | 'prompt'
  | 'login_hint'
  | 'kc_idp_hint'
  | 'acr_values'
  | 'max_age'
  | 'ui_locales'
  | 'kc_action'

/** The formats bound the length of a login's state. */
const formats: Readonly<Record<ParameterName, RegExp>> = {
  prompt:
    /^(?:none|(?:login|create|select_account|consent)(?: (?:login|create|select_account|consent)){0,3})$/,
  // What a user may have typed, and names of the realm: anything but control and format characters.
  login_hint: /^\P{C}{1,128}$/u,
  kc_idp_hint: /^\P{C}{1,64}$/u,
  // At most `maxClasses`.
  acr_values: /^[\x21-\x7e]{1,100}(?: [\x21-\x7e]{1,100}){0,2}$/,
  max_age: /^\d{1,8}$/,
  ui_locales: /^[A-Za-z\d-]{1,35}(?: [A-Za-z\d-]{1,35}){0,3}$/,
  // With an argument of the action: delete_credential:ID
  kc_action: /^[\w-]{1,64}(?::[\w.-]{1,64})?$/,
}

const names = Object.keys(formats) as ParameterName[]

/** Only hints: the realm works without them. */
const hints: readonly ParameterName[] = ['login_hint', 'kc_idp_hint', 'ui_locales']

/**
 * Reads the parameters of a login; others are ignored. An invalid hint is ignored as well, since a user may have typed it.
 *
 * @throws {CW_LOGIN_REQUEST} An invalid value of a parameter that changes what the login does.
 */
export function readLoginParameters(search: URLSearchParams): LoginParameters {
  const parameters: Partial<Record<ParameterName, string>> = {}
  for (const name of names) {
    const [value, second] = search.getAll(name)
    if (value === undefined || value === '') continue
    if (second === undefined && formats[name].test(value)) parameters[name] = value
    else if (!hints.includes(name)) throw invalid(name)
  }
  return parameters
}

/** Classes of one `acr_values`, see its format. */
const maxClasses = 3

/**
 * What a login asks of the realm so that its tokens satisfy a refused policy (RFC 9470 §4). If the policy does not say what it
 * needs, the user signs in again.
 */
export function toStepUp({ acrValues = '', maxAge }: ChallengeParameters): LoginParameters {
  const classes = acrValues.split(' ').filter((one) => formats.acr_values.test(one))
  const needed: LoginParameters = {
    ...(classes.length === 0 ? {} : { acr_values: classes.slice(0, maxClasses).join(' ') }),
    ...(maxAge === undefined ? {} : { max_age: String(Math.floor(maxAge)) }),
  }
  return stepUpOf(needed) === undefined ? { prompt: 'login' } : needed
}

/** The part of a login that asks for a step-up, to compare it; `undefined` if it asks for none. */
export function stepUpOf({ acr_values, max_age, prompt }: LoginParameters): string | undefined {
  if (acr_values !== undefined || max_age !== undefined) return JSON.stringify([acr_values, max_age])
  return prompt === 'login' ? prompt : undefined
}

function invalid(name: ParameterName): CloakwrightError {
  return new CloakwrightError('CW_LOGIN_REQUEST', `${name}: not a value that the login accepts`, {
    hint:
      name === 'prompt'
        ? 'Use none, or a list of login, create, select_account and consent, separated by spaces.'
        : `Pass one ${name} as Keycloak’s documentation describes it.`,
  })
}
