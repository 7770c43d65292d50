import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Credentials } from '@cloakwright/admin'
import { CloakwrightError } from 'cloakwright'

/** A server, realm and credentials from a file. It names the files of the secrets, not the secrets. */
interface Profile {
  readonly file: string
  readonly server: string
  readonly realm: string
  readonly credentials: Credentials
  readonly dangerouslyAllowHttp: boolean
}

/**
 * Reads the profile `${XDG_CONFIG_HOME:-~/.config}/cloakwright/profiles/NAME.json`.
 *
 * @throws {CW_CONFIG_MISSING} when the file does not exist
 * @throws {CW_CONFIG_INSECURE} when others can read or write it
 * @throws {CW_CONFIG_INVALID} when it is not a valid profile
 */
export function readProfile(name: string): Profile {
  if (!/^\w[\w.-]{0,63}$/.test(name)) {
    throw new CloakwrightError(
      'CW_CONFIG_INVALID',
      'The profile name may contain only letters, digits, . _ and -, at most 64',
      {
        hint: 'Give the name of the file without folder and .json',
      },
    )
  }
  const folder = profileFolder()
  const file = join(folder, `${name}.json`)
  const members = membersOf(readPrivate(file, `The profile ${name}`), file)
  const profile = fields(members, file, {
    server: 'text',
    realm: 'text',
    credentials: 'object',
    dangerouslyAllowHttp: 'optional boolean',
  })
  return {
    file,
    server: profile['server'] as string,
    realm: profile['realm'] as string,
    credentials: toCredentials(profile['credentials'] as Members, profile['realm'] as string, folder, file),
    dangerouslyAllowHttp: profile['dangerouslyAllowHttp'] === true,
  }
}

/** Where the profiles are. */
export function profileFolder(): string {
  return join(process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'cloakwright', 'profiles')
}

type Members = Readonly<Record<string, unknown>>

function toCredentials(members: Members, realm: string, folder: string, file: string): Credentials {
  const where = `${file}: credentials`
  const secret = (member: string): (() => string) => {
    const path = resolve(folder, members[member] as string)
    // Read at each login, so that a changed secret is used.
    return () => readPrivate(path, `${member} of ${file}`).trim()
  }
  if (Object.hasOwn(members, 'username')) {
    const { username, realm: owner = 'master' } = fields(members, where, {
      username: 'text',
      passwordFile: 'text',
      realm: 'optional text',
    })
    return { username: username as string, password: secret('passwordFile'), realm: owner as string }
  }
  const isByKey = Object.hasOwn(members, 'privateKeyFile')
  const { clientId, realm: owner = realm } = fields(members, where, {
    clientId: 'text',
    [isByKey ? 'privateKeyFile' : 'clientSecretFile']: 'text',
    realm: 'optional text',
  })
  const client = { clientId: clientId as string, realm: owner as string }
  if (isByKey) return { ...client, privateKey: secret('privateKeyFile') }
  return { ...client, clientSecret: secret('clientSecretFile') }
}

/** Reads a file that only the current user can access. */
function readPrivate(file: string, what: string): string {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable'
    throw new CloakwrightError('CW_CONFIG_MISSING', `${what}: could not read ${file} (${reason})`, {
      hint: 'Create the file with mode 0600',
    })
  }
  try {
    // Checks the open file: the path may refer to another one by now.
    const { mode, uid } = fstatSync(descriptor)
    const me = process.getuid?.()
    if (me !== undefined && (uid !== me || (mode & 0o077) !== 0)) {
      const found =
        uid === me
          ? `has mode ${(mode & 0o777).toString(8).padStart(4, '0')}, others can read or write it`
          : 'belongs to another user'
      throw new CloakwrightError('CW_CONFIG_INSECURE', `${what}: ${file} ${found}`, {
        hint: uid === me ? `Run chmod 600 ${file}` : 'Use a file of your own, with mode 0600',
      })
    }
    return readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}

function membersOf(text: string, file: string): Members {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Members
  } catch {
    // V8's message would show the content.
  }
  throw invalid(`${file} is not a JSON object`)
}

type Kind = 'text' | 'object' | 'optional text' | 'optional boolean'

/** Checks that an object has these members and no others, so that a mistyped one is not ignored. */
function fields(members: Members, where: string, kinds: Readonly<Record<string, Kind>>): Members {
  for (const name of Object.keys(members)) {
    if (!Object.hasOwn(kinds, name)) throw invalid(`${where}: unknown member ${JSON.stringify(name)}`)
  }
  for (const [name, kind] of Object.entries(kinds)) {
    const value = Object.hasOwn(members, name) ? members[name] : undefined
    const type = kind.split(' ').at(-1) === 'text' ? 'string' : kind.split(' ').at(-1)
    if (value === undefined && kind.startsWith('optional')) continue
    if (typeof value !== type || value === null || value === '') {
      throw invalid(`${where}: ${name} must be ${kind === 'object' ? 'an object' : `a ${type}`}`)
    }
  }
  return members
}

function invalid(message: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', message, {
    hint: 'Write {"server": "https://…", "realm": "…", "credentials": {"clientId": "…", "clientSecretFile": "…"}}',
  })
}
