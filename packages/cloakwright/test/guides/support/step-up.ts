import { readFileSync } from 'node:fs'
import { type LoginRealm, onKeycloak, openLoginRealm } from '../../session/support/realm.ts'
import { blocksOf, freeUrl, openFolder, start } from './programs.ts'

/** The program of the guide on step-up as it is, on its realm. The embedded one has no levels of authentication yet. */
export interface StepUpGuide {
  readonly origin: string
  readonly realm: LoginRealm
  close(): Promise<void>
}

export async function openStepUpGuide(): Promise<StepUpGuide> {
  if (!onKeycloak) console.warn('Pending on the embedded realm, tested on Keycloak only: acr_values')
  const folder = openFolder()
  for (const { file, code } of blocksOf('step-up.md')) folder.write(file ?? 'unnamed.ts', code)
  const origin = await freeUrl()
  const realm = await openLoginRealm(realmOf(origin))
  const variables = {
    KEYCLOAK_ISSUER: realm.issuer,
    KEYCLOAK_CLIENT_SECRET: 'secret-for-development',
    PUBLIC_URL: origin,
    SESSION_KEY: Buffer.alloc(32, 1).toString('base64'),
    PORT: new URL(origin).port,
  }
  const program = await start(folder, 'app.ts', variables, origin)
  return {
    origin,
    realm,
    async close() {
      await program.stop()
      await realm.close()
      folder.remove()
    },
  }
}

function realmOf(publicUrl: string): Record<string, unknown> {
  const file = new URL('../../../../../docs/guides/step-up-realm.json', import.meta.url)
  const { realm: _name, ...definition } = JSON.parse(
    readFileSync(file, 'utf8').replaceAll('http://localhost:3000', publicUrl),
  ) as Record<string, unknown>
  if (onKeycloak) return definition
  const {
    browserFlow: _flow,
    authenticationFlows: _flows,
    authenticatorConfig: _config,
    ...rest
  } = definition
  return rest
}
