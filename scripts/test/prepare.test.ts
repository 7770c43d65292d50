import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Checkout, makeCheckout } from './checkout.ts'

let checkout: Checkout

beforeEach(() => {
  checkout = makeCheckout()
})

afterEach(() => checkout.remove())

describe('a checkout', () => {
  it('is built the first time, with output on standard error, and then starts without output', async () => {
    const first = await checkout.run()
    expect(first).toMatchObject({ code: 0, stdout: '' })
    expect(first.stderr).toMatch(/^Building…\ncompiled -b\nmade the template\nBuilt in/)
    expect(await checkout.run()).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it.each([
    ['a source changed', 'part/src/index.ts'],
    ['a source was added', 'part/src/deep/new.ts'],
    ['a compiler setting changed', 'tsconfig.base.json'],
    ['the script of the template changed', 'scripts/database-template.mjs'],
  ])('is rebuilt when %s', async (_, path) => {
    await checkout.run()
    checkout.write(path, '// changed')
    expect((await checkout.run()).stderr).toContain('compiled -b')
  })

  it.each([
    ['an output', 'part/dist', 'compiled -b --force'],
    ['the template', 'packages/devrealm/template', 'made the template'],
  ])('is rebuilt when %s is missing', async (_, path, done) => {
    await checkout.run()
    rmSync(join(checkout.folder, path), { recursive: true })
    expect((await checkout.run()).stderr).toContain(done)
  })

  it('deletes the output of a source that was moved', async () => {
    checkout.write('part/src/new/place.ts', '')
    for (const made of ['old/place.js', 'old/place.d.ts', 'old/place.js.map', 'new/place.js']) {
      checkout.write(`part/dist/${made}`, '')
    }
    await checkout.run()
    expect(readdirSync(join(checkout.folder, 'part/dist'), { recursive: true }).sort()).toEqual([
      'index.js',
      'new',
      'new/place.js',
      'old',
    ])
  })

  it('with a failing build runs nothing, and is rebuilt the next time', async () => {
    const tool = join(checkout.folder, 'tool.mjs')
    writeFileSync(tool, `console.log('ran')`)
    checkout.write(
      'node_modules/typescript/bin/tsc',
      `console.log('part/src/index.ts: wrong'); process.exit(2)`,
    )
    for (let attempt = 0; attempt < 2; attempt++) {
      const failed = await checkout.run(['node', tool])
      expect(failed).toMatchObject({ code: 1, stdout: '' })
      expect(failed.stderr).toContain('part/src/index.ts: wrong\nerror: The build failed')
    }
  })

  it.each([
    ['missing', undefined],
    ['of another version', { 'node_modules/left': { version: '0.9.0' } }],
    ['different from the lock file', {}],
  ])('installs dependencies that are %s', async (_, packages) => {
    const found = 'node_modules/.package-lock.json'
    if (packages === undefined) rmSync(join(checkout.folder, found))
    else checkout.write(found, JSON.stringify({ packages }))
    checkout.write(
      'npm.js',
      `import { copyFileSync } from 'node:fs'
       console.log('npm', process.argv[2])
       copyFileSync('package-lock.json', '${found}')`,
    )
    const { code, stderr } = await checkout.run()
    expect(stderr).toMatch(/^Installing dependencies \(npm ci\)…\nnpm ci\nBuilding…/)
    expect(code).toBe(0)
  })

  it('does not need packages for other platforms', async () => {
    const packages = {
      'node_modules/left': { version: '1.0.0' },
      'node_modules/other-platform': { version: '1.0.0', optional: true },
    }
    checkout.write('package-lock.json', JSON.stringify({ packages }))
    expect((await checkout.run()).stderr).not.toContain('Installing')
  })

  it('reports the required version on an old Node, and how to get it', async () => {
    checkout.write('package.json', JSON.stringify({ type: 'module', engines: { node: '>=99.1' } }))
    const { code, stderr } = await checkout.run()
    expect(code).toBe(1)
    expect(stderr).toContain(`needs Node 99.1 or newer; this is Node ${process.versions.node}`)
    expect(stderr).toContain('nvm install')
  })

  it('is prepared once when two commands start together; the second names the process it waits for', async () => {
    checkout.write(
      'node_modules/typescript/bin/tsc',
      `import { existsSync } from 'node:fs'
       while (!existsSync('go')) await new Promise((resolve) => setTimeout(resolve, 20))
       console.log('compiled')`,
    )
    const first = checkout.start()
    await first.until(/Building/)
    const second = checkout.start()
    await second.until(/Waiting for process \d+/)
    checkout.write('go', '')
    expect(await first.ended).toMatchObject({ code: 0, stderr: expect.stringContaining('compiled') })
    expect(await second.ended).toMatchObject({ code: 0, stderr: expect.not.stringContaining('compiled') })
  })

  it('is not blocked by a preparation that was killed', async () => {
    checkout.write('.cache/prepare.lock', '4194305')
    expect((await checkout.run()).code).toBe(0)
  })
})

describe('a tool', () => {
  it('gets its arguments and streams, and sets the exit code', async () => {
    await checkout.run()
    checkout.write('tool.mjs', `console.log(process.argv.slice(2).join()); process.exit(7)`)
    expect(await checkout.run(['node', 'tool.mjs', '--flag', 'value'])).toEqual({
      code: 7,
      stdout: '--flag,value\n',
      stderr: '',
    })
  })

  it('with an unknown name is a clear error', async () => {
    await checkout.run()
    const { code, stderr } = await checkout.run(['vitesst'])
    expect(code).toBe(1)
    expect(stderr).toContain('unknown tool vitesst')
  })
})
