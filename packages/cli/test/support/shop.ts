import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Admin } from '@cloakwright/admin'
import { ensureRealm, type RealmDefinition } from '@cloakwright/admin/realm'
import { openTarget, type Target } from '../../../admin/test/support/target.ts'
import { runHere } from './in-process.ts'
import { temporaryFolder } from './program.ts'

/** A realm of one test file, embedded or on a real Keycloak, behind a proxy that records requests. */
export interface Shop {
  readonly target: Target
  readonly realm: string
  readonly admin: Admin
  /** The variables of the realm's administrator. */
  readonly variables: NodeJS.ProcessEnv
  /** Runs `cloakwright` as this administrator, in this process. */
  run(...args: readonly string[]): ReturnType<typeof runHere>
  /** The same, but expects exit code 0 and no standard error. Resolves to standard output. */
  print(...args: readonly string[]): Promise<string>
  /** The requests to the Admin API since the last call that changed or may have changed something. */
  writes(): string[]
}

const writing = ['POST', 'PUT', 'DELETE', 'PATCH']

/** Opens a realm with this definition. */
export async function openShop(
  definition: Omit<RealmDefinition, 'realm'> = {},
  features: Parameters<typeof openTarget>[0] = [],
): Promise<Shop> {
  const target = await openTarget(features)
  const realm = target.realmName()
  await ensureRealm(target.admin(), { ...definition, realm })
  const variables = {
    KEYCLOAK_SERVER: target.proxy.url,
    KEYCLOAK_REALM: realm,
    KC_BOOTSTRAP_ADMIN_USERNAME: target.credentials.username,
    KC_BOOTSTRAP_ADMIN_PASSWORD: target.credentials.password,
  }
  const run = (...args: readonly string[]) => runHere(args, variables)
  return {
    target,
    realm,
    admin: target.admin({ realm }),
    variables,
    run,
    async print(...args) {
      const { code, stdout, stderr } = await run(...args)
      if (code !== 0 || stderr !== '') throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`)
      return stdout
    },
    writes: () =>
      target.proxy.seen
        .splice(0)
        .filter(({ method, path }) => writing.includes(method) && path.startsWith('/admin/'))
        .map(({ method, path }) => `${method} ${path}`),
  }
}

/** Writes a profile to a new configuration folder and returns that folder. */
export function writeProfile(
  name: string,
  profile: object,
  { mode = 0o600, secrets = {} }: { mode?: number; secrets?: Readonly<Record<string, string>> } = {},
): string {
  const folder = temporaryFolder()
  const profiles = join(folder, 'cloakwright', 'profiles')
  mkdirSync(profiles, { recursive: true })
  writeFileSync(join(profiles, `${name}.json`), JSON.stringify(profile), { mode })
  for (const [file, text] of Object.entries(secrets))
    writeFileSync(join(profiles, file), text, { mode: 0o600 })
  return folder
}
