import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  acr,
  allOf,
  CloakwrightError,
  clientRole,
  createPermissions,
  group,
  maxAge,
  organization,
  type Policy,
  role,
  scope,
} from 'cloakwright'

/** The options of a policy. All of them must hold. */
export interface PolicyOptions {
  readonly role?: readonly string[]
  readonly clientRole?: readonly string[]
  readonly scope?: readonly string[]
  readonly group?: readonly string[]
  readonly organization?: readonly string[]
  readonly permission?: readonly string[]
  readonly acr?: readonly string[]
  readonly maxAge?: number
  readonly policy?: string
}

/** The realm and resource server of the permissions. */
interface Realm {
  readonly issuer: string
  readonly audience: string
}

/**
 * Builds the policy of the options; `undefined` without any.
 *
 * @throws {CW_CONFIG_MISSING} when the module does not exist
 * @throws {CW_CONFIG_INVALID} when an option or the export is not a valid policy
 */
export async function policyOf(options: PolicyOptions, realm: Realm): Promise<Policy | undefined> {
  const { acr: classes, maxAge: seconds, policy: module } = options
  const each = (names: readonly string[] = [], make: (name: string) => Policy) => names.map(make)
  const policies = [
    ...each(options.role, (name) => role(name)),
    ...each(options.clientRole, toClientRole),
    ...each(options.scope, (name) => scope(name)),
    ...each(options.group, (name) => group(name)),
    ...each(options.organization, (name) => organization(name)),
    ...(isSome(classes) ? [acr(...classes)] : []),
    ...(seconds === undefined ? [] : [maxAge(seconds)]),
    ...(module === undefined ? [] : [await loadPolicy(module)]),
    ...each(options.permission, (text) => toPermission(text, realm)),
  ]
  const [first, ...more] = policies
  if (first === undefined || more.length === 0) return first
  return allOf(first, ...more)
}

function isSome(values: readonly string[] | undefined): values is readonly [string, ...string[]] {
  return values !== undefined && values.length > 0
}

function toClientRole(text: string): Policy {
  const at = text.indexOf(':')
  if (at > 0) return clientRole(text.slice(0, at), text.slice(at + 1))
  throw new CloakwrightError('CW_CONFIG_INVALID', `--client-role ${text} has no client`, {
    hint: 'Write it as CLIENT:ROLE, such as shop-api:stock-keeper',
  })
}

function toPermission(text: string, { issuer, audience }: Realm): Policy {
  const [resource = '', scopes] = text.split('#', 2)
  const permission = createPermissions({ issuer, audience })
  return permission({ resource, scopes: scopes === undefined ? [] : scopes.split(',') })
}

/** Loads the policy that a module exports: `FILE#NAME`, or `FILE` for its default export. */
async function loadPolicy(text: string): Promise<Policy> {
  const [file = '', name = 'default'] = text.split('#', 2)
  const path = resolve(file)
  if (!existsSync(path))
    throw new CloakwrightError('CW_CONFIG_MISSING', `--policy: ${file} does not exist`, {
      hint: 'Give a JavaScript module and the name of its export, such as dist/policies.js#mayRefund',
    })
  const invalid = (why: string, cause?: unknown) =>
    new CloakwrightError('CW_CONFIG_INVALID', `--policy ${text}: ${why}`, {
      hint: "Export a policy: export const mayRefund = allOf(role('admin'), scope('refund'))",
      cause,
    })
  let exports: Record<string, unknown>
  try {
    exports = (await import(pathToFileURL(path).href)) as Record<string, unknown>
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : 'it throws'
    throw invalid(`could not load the module: ${reason}`, error)
  }
  const policy = Object.hasOwn(exports, name) ? exports[name] : undefined
  if (isPolicy(policy)) return policy
  throw invalid(`the export ${name} is not a policy`)
}

function isPolicy(value: unknown): value is Policy {
  return (
    typeof value === 'object' &&
    value !== null &&
    'evaluate' in value &&
    typeof value.evaluate === 'function' &&
    'description' in value
  )
}
