import { spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer as createPlainServer } from 'node:http'
import { createServer, type Server } from 'node:https'
import { join } from 'node:path'
import { CloakwrightError } from 'cloakwright'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { selfSignedCertificate } from '../../../devrealm/src/crypto/certificate.ts'
import { machineCodes, machineFailure } from '../../src/terminal/machine-failures.ts'
import { note, printError } from '../../src/terminal/output.ts'
import { launcher, runCli, somePort, temporaryFolder } from '../support/program.ts'

// A build server may have colors without a terminal.
beforeAll(() => void vi.stubEnv('NO_COLOR', '1'))
afterAll(() => void vi.unstubAllEnvs())

/** The output for an error. */
function printed(error: unknown): string {
  return written(() => printError(error))
}

function written(work: () => void): string {
  let text = ''
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((part) => {
    text += String(part)
    return true
  })
  try {
    work()
  } finally {
    write.mockRestore()
  }
  return text
}

const coded = (code: string, more: object = {}) => Object.assign(new Error(`${code}: raw`), { code, ...more })

test('a note has no control characters', () => {
  expect(written(() => note('role \u001B]0;title\u0007\u001B[2J\u202E\r!\nnext'))).toBe(
    'role ?]0;title??[2J??!\nnext\n',
  )
})

describe('a failure of the machine', () => {
  const families = ['HPE_INVALID_CONSTANT', 'ERR_SSL_NO_CIPHER_MATCH', 'CERT_SIGNATURE_FAILURE', 'INVALID_CA']

  test.each([...machineCodes, ...families])(
    '%s has a reason and a next step, and is not reported as a bug',
    (code) => {
      const [first = '', next = ''] = printed(coded(code)).split('\n')
      expect(first).toMatch(/^error: .*[a-z]{3}.* \([A-Z\d_]+\)/)
      expect(first).toContain(`(${code})`)
      expect(first).not.toContain('raw')
      expect(next).toMatch(/^ {2}[A-Z].*\w/)
      expect(printed(coded(code))).not.toContain('bug in cloakwright')
    },
  )

  test.each(machineCodes)(
    '%s is found as the cause of a CloakwrightError, which keeps its own hint',
    (code) => {
      const cause = new TypeError('fetch failed', { cause: coded(code) })
      const lines = printed(new CloakwrightError('CW_ADMIN_UNAVAILABLE', 'what', { hint: 'Own hint', cause }))
      expect(lines).toMatch(/^error: what \(CW_ADMIN_UNAVAILABLE\)\n {2}Own hint\n {2}.*\n {2}[A-Z]/)
      expect(lines).toContain(`(${code})`)
    },
  )

  test.each<[string, unknown, RegExp]>([
    ['a file', { syscall: 'open', path: '/x/people.csv' }, /^could not open \/x\/people\.csv: permission/],
    ['a folder', { syscall: 'mkdir', path: '/x' }, /^could not create the folder \/x: /],
    ['a move', { syscall: 'rename', path: '/x', dest: '/y' }, /^could not rename \/x to \/y: /],
    [
      'a port',
      { syscall: 'listen', address: '127.0.0.1', port: 80 },
      /^could not listen on 127\.0\.0\.1:80: /,
    ],
    ['a host', { syscall: 'getaddrinfo', hostname: 'id.test' }, /^could not find id\.test: /],
    ['a descriptor', { syscall: 'write' }, /^could not write: /],
    ['nothing', {}, /^permission denied \(EACCES\)$/],
  ])('the message names %s', (_, more, message) => {
    expect(machineFailure(coded('EACCES', more as object))?.message).toMatch(message)
  })

  test('the first address of a host is named', () => {
    const both = [coded('ECONNREFUSED', { address: '::1', port: 8080 }), coded('ECONNREFUSED')]
    const error = Object.assign(new AggregateError(both, ''), { code: 'ECONNREFUSED' })
    expect(machineFailure(error)?.message).toContain('connection refused (ECONNREFUSED)')
  })

  test.each([
    new RangeError('Array buffer allocation failed'),
    new RangeError('Invalid string length'),
    coded('ENOMEM'),
  ])('reports too little memory: %s', (error) => {
    expect(printed(error)).toMatch(/not enough memory[^]*raise the memory limit/)
  })

  test('a missing program is not a missing file', () => {
    const error = coded('ENOENT', { syscall: 'spawn mvn', path: 'mvn' })
    expect(machineFailure(error)?.message).toBe('could not start mvn: program not found (ENOENT)')
  })

  test('an unexpected error is reported as a bug, with its stack', () => {
    expect(printed(new TypeError('x is not a function'))).toMatch(/TypeError: x[^]*at [^]*bug in cloakwright/)
    expect(machineFailure(coded('ERR_INVALID_ARG_TYPE'))).toBeUndefined()
  })
})

describe('a real failure', { timeout: 60_000 }, () => {
  const list = ['users', 'list']
  const failure = async (server: string, reason: RegExp, variables: NodeJS.ProcessEnv = {}) => {
    const { code, stdout, stderr } = await runCli(list, {
      KEYCLOAK_SERVER: server,
      KC_BOOTSTRAP_ADMIN_PASSWORD: 's3cr3t-canary',
      ...variables,
    })
    expect(stderr).toMatch(reason)
    expect(stderr).not.toMatch(/bug in cloakwright|s3cr3t-canary/)
    expect(stdout).toBe('')
    expect(code).toBe(1)
  }

  /** A TLS server whose certificate is for this host name and time. */
  async function secured(name: string, from: number, until: number): Promise<{ port: number; ca: string }> {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    const now = Date.now()
    const der = selfSignedCertificate(key, name, now + from, now + until)
    const cert = `-----BEGIN CERTIFICATE-----\n${der.replaceAll(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`
    const ca = join(temporaryFolder(), 'ca.pem')
    writeFileSync(ca, cert)
    const server: Server = createServer({ key, cert }, (_, response) => response.end('{}'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    return { port: (server.address() as { port: number }).port, ca }
  }

  /** A server that speaks plain HTTP. */
  async function plain(): Promise<number> {
    const server = createPlainServer((_, response) => response.end('{}'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    return (server.address() as { port: number }).port
  }

  // In parallel: each request is retried several times.
  test('of the network: closed port, unknown host, no TLS, invalid certificates', async () => {
    const hour = 3_600_000
    const good = await secured('localhost', -hour, hour)
    const old = await secured('localhost', -2 * hour, -hour)
    const other = await secured('id.example.com', -hour, hour)
    const closed = await somePort()
    await Promise.all([
      failure(
        `http://127.0.0.1:${closed}`,
        /127\.0\.0\.1:\d+: connection refused \(ECONNREFUSED\)\n {2}Start/,
      ),
      failure('https://keycloak.invalid', /keycloak\.invalid: .*\((?:ENOTFOUND|EAI_AGAIN)\)\n {2}Check/),
      failure(`https://127.0.0.1:${await plain()}`, /does not use TLS.*\n {2}Check scheme and port/),
      failure(
        `https://localhost:${good.port}`,
        /self-signed \(DEPTH_ZERO_SELF_SIGNED_CERT\)\n.*NODE_EXTRA_CA_CERTS/,
      ),
      failure(`https://localhost:${old.port}`, /has expired \(CERT_HAS_EXPIRED\)\n.*clock/, {
        NODE_EXTRA_CA_CERTS: old.ca,
      }),
      failure(`https://localhost:${other.port}`, /other host names \(ERR_TLS_CERT_ALTNAME_INVALID\)/, {
        NODE_EXTRA_CA_CERTS: other.ca,
      }),
    ])
  })

  test.skipIf(process.platform !== 'linux')('of the disk: standard output on a full disk', () => {
    const [node = '', ...main] = launcher
    const line = `exec '${[node, ...main].join("' '")}' --help > /dev/full`
    const { status, stderr } = spawnSync('bash', ['-c', line], { encoding: 'utf8' })
    expect(stderr).toBe(
      'error: could not write standard output: no space left on the disk (ENOSPC) (CW_DISK_FULL)\n' +
        '  Free space on that disk, then run the same command again\n',
    )
    expect(status).toBe(1)
  })

  test('of a path: a state folder below a file, output in a missing folder or over a folder', async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'taken'))
    writeFileSync(join(folder, 'file'), '')
    const runs: [string[], NodeJS.ProcessEnv, RegExp][] = [
      [
        ['devrealm', '--port', String(await somePort())],
        { CLOAKWRIGHT_HOME: join(folder, 'file') },
        /\(E(?:NOTDIR|EXIST)\)/,
      ],
      [
        ['users', 'export', '--out', join(folder, 'none', 'x.csv')],
        {},
        /no such file or folder \(ENOENT\)\n.*mkdir -p/,
      ],
      [
        ['audit', 'verify', join(folder, 'taken')],
        {},
        /it is a folder \(EISDIR\)\n {2}Give the path of a file/,
      ],
    ]
    await Promise.all(
      runs.map(async ([args, variables, reason]) => {
        const { code, stderr } = await runCli(args, variables)
        expect(stderr).toMatch(reason)
        expect(stderr).not.toContain('bug in cloakwright')
        expect(code).toBe(1)
      }),
    )
  })
})
