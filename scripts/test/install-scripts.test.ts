import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Checkout, makeCheckout } from './checkout.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const {
  scripts,
  workspaces: _,
  ...manifest
} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
  workspaces: string[]
  overrides: Record<string, string>
}
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, { resolved?: string; link?: boolean }>
}

describe('the check of install scripts', () => {
  let checkout: Checkout

  beforeEach(() => {
    checkout = makeCheckout()
    for (const file of ['.npmrc', 'package-lock.json']) cpSync(join(root, file), join(checkout.folder, file))
  })

  afterEach(() => checkout.remove())

  function check() {
    // A user setting must not hide a missing setting of the checkout.
    const env = { ...process.env, npm_config_ignore_scripts: 'true' }
    const script = join(checkout.folder, 'scripts/check-install-scripts.mjs')
    const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8', env })
    return { status, stdout, stderr }
  }

  it('passes this checkout and lists the packages with install scripts', () => {
    expect(check()).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^No install script runs\. \d+ packages .*node_modules\/esbuild/),
      stderr: '',
    })
  })

  it.each([
    ['missing', undefined],
    ['without ignore-scripts', 'engine-strict=true\n'],
    ['with ignore-scripts=false', 'ignore-scripts=false\n'],
  ])('fails with .npmrc %s, and names the packages', (_case, npmrc) => {
    if (npmrc === undefined) rmSync(join(checkout.folder, '.npmrc'))
    else writeFileSync(join(checkout.folder, '.npmrc'), npmrc)
    const { status, stderr } = check()
    expect(status).toBe(1)
    expect(stderr).toContain('node_modules/esbuild')
    expect(stderr).toContain('Set ignore-scripts=true in .npmrc')
  })
})

describe('the dependencies of this checkout', () => {
  it('do not include chromedriver, which keycloak-connect requests on Node 22', () => {
    expect(manifest.overrides['chromedriver']).toBe('npm:empty-npm-package@1.0.0')
    expect(Object.keys(lock.packages).filter((path) => path.endsWith('/chromedriver'))).toEqual([])
  })

  it('use the registry of the installer: the lock file has no URLs', () => {
    const addresses = Object.values(lock.packages).filter(({ resolved }) => resolved?.includes('//') === true)
    expect(addresses).toEqual([])
  })

  // ignore-scripts disables these too.
  it('have no pre or post scripts', () => {
    const names = Object.keys(scripts)
    const lifecycle = /^(pre|post)?(install|prepare|publish|pack|version|uninstall)$/
    const around = names.filter((name) =>
      names.some((other) => [`pre${other}`, `post${other}`].includes(name)),
    )
    expect([...around, ...names.filter((name) => lifecycle.test(name))]).toEqual([])
  })
})
