import { randomBytes } from 'node:crypto'
import { CloakwrightError, systemTime } from 'cloakwright'

/** The client's secret under `CLOAKWRIGHT_HOME`, created at the first call. */
export function generatedClientSecret(home: string): Promise<string> {
  return kept(home, 'client-secret', () => randomBytes(32).toString('base64url'))
}

/** The key of sessions under `CLOAKWRIGHT_HOME`, in the format of `SESSION_KEYS`, created at the first call. */
export function generatedSessionKeys(home: string): Promise<string> {
  return kept(
    home,
    'session-keys',
    () => `k${systemTime().toString(36)}:${randomBytes(32).toString('base64')}`,
  )
}

/** Generated secrets belong to the embedded parts, which production never loads: hence the dynamic import. */
async function kept(home: string, file: string, make: () => string): Promise<string> {
  const { keptSecret } = await import('@cloakwright/devrealm/home')
  try {
    return keptSecret(home, file, make)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof CloakwrightError || code === undefined) throw error
    throw new CloakwrightError(
      'CW_CONFIG_INVALID',
      `CLOAKWRIGHT_HOME: cannot create ${file} in ${home} (${code})`,
      {
        hint: 'Set CLOAKWRIGHT_HOME to a folder that this user may write to.',
        cause: error,
      },
    )
  }
}
