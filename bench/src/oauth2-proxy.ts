import { execFile, spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { runs } from '../../scripts/lib/system.mjs'
import { untilListening } from './app-process.ts'
import type { SessionRealm } from './session-realm.ts'

const run = promisify(execFile)
const version = 'v7.15.6'
const folder = fileURLToPath(new URL('../../.cache/bench-oauth2-proxy/', import.meta.url))

/**
 * The program: the one in PATH, else built by Go, which takes minutes the first time. No package of Debian, npm, PyPI or Maven
 * contains it.
 *
 * @returns Its path, or why it is not available.
 */
export async function findOauth2Proxy(): Promise<
  { readonly program: string } | { readonly missing: string }
> {
  if (runs('oauth2-proxy', '--version')) return { program: 'oauth2-proxy' }
  const program = join(folder, version, 'oauth2-proxy')
  if (runs(program, '--version')) return { program }
  if (!runs('go', 'version')) return { missing: 'neither oauth2-proxy nor Go is installed' }
  process.stderr.write(`sessions: building oauth2-proxy ${version} with Go, a few minutes\n`)
  try {
    await run('go', ['install', `github.com/oauth2-proxy/oauth2-proxy/v7@${version}`], {
      env: { ...process.env, GOBIN: join(folder, version) },
      timeout: 600_000,
    })
    return { program }
  } catch {
    return { missing: 'Go could not build it: no network, or its release is too old' }
  }
}

/** Starts it in front of an application, with its default store: all tokens in encrypted cookies. */
export async function startOauth2Proxy(
  program: string,
  realm: SessionRealm,
  origin: string,
  upstream: string,
  secret: string,
): Promise<{ stop(): Promise<void> }> {
  const child = spawn(
    program,
    [
      '--provider=oidc',
      `--oidc-issuer-url=${realm.issuer}`,
      `--client-id=${realm.clientId}`,
      '--scope=openid email profile',
      `--http-address=${new URL(origin).host}`,
      `--redirect-url=${origin}/oauth2/callback`,
      `--upstream=${upstream}`,
      '--email-domain=*',
      '--cookie-secure=false',
      '--skip-provider-button',
      '--request-logging=false',
      '--auth-logging=false',
    ],
    {
      env: {
        PATH: process.env['PATH'],
        OAUTH2_PROXY_CLIENT_SECRET: realm.clientSecret,
        OAUTH2_PROXY_COOKIE_SECRET: secret,
      },
      stdio: ['ignore', 'ignore', 'ignore'],
    },
  )
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await untilListening(`${origin}/ping`)
  return {
    async stop() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
