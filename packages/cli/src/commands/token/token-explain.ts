import { createReadStream } from 'node:fs'
import {
  CloakwrightError,
  createVerifier,
  type Explanation,
  explain as explainPolicy,
  explainToken,
  type TokenCheck,
  type TokenExplanation,
  toExplanationText,
} from 'cloakwright'
import { exitCode } from '../../exit.ts'
import { escaped, note, print } from '../../terminal/index.ts'
import { type PolicyOptions, policyOf } from './policy-options.ts'

interface Options extends PolicyOptions {
  readonly issuer: string
  readonly audience: readonly [string, ...string[]]
  readonly tokenFile?: string
  readonly json?: true
}

/** `cloakwright token explain`. Exit code 1 if the token is refused. */
export async function explain(options: Options): Promise<void> {
  const { issuer, audience } = options
  const verifier = createVerifier({ issuer, audience })
  const policy = await policyOf(options, { issuer, audience: audience[0] })
  const tokenText = await readToken(options.tokenFile)
  const answer = await explainToken(verifier, tokenText)
  const { token } = answer
  const context = { now: verifier.clock.now() / 1000, request: undefined, tokenText }
  const explanation = token && policy && (await explainPolicy(policy, token, context))
  const allowed = token !== undefined && (explanation?.allowed ?? true)
  if (options.json === true) printJson(tokenText, answer, explanation, allowed)
  else {
    printToken(tokenText, answer)
    if (explanation !== undefined) print(`\npolicy\n${indented(toExplanationText(explanation))}`)
    else if (policy !== undefined) print('\npolicy\n  · not checked: the token is refused')
    print(`\n${allowed ? 'allowed' : 'refused'}${codeText(answer, explanation)}`)
  }
  if (!allowed) process.exitCode = exitCode.failed
}

/** The maximum length of the input. Tokens are much shorter; longer input is the wrong file. */
const maxLength = 1_048_576

/** Reads the token. It is never an argument: shell history and process lists show those. */
async function readToken(file: string | undefined): Promise<string> {
  if (file === undefined && process.stdin.isTTY) note('Paste the token, then Enter and Ctrl+D:')
  let text = ''
  try {
    const source = file === undefined ? process.stdin : createReadStream(file)
    for await (const chunk of source.setEncoding('utf8') as AsyncIterable<string>) {
      text += chunk
      if (text.length > maxLength) break
    }
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable'
    // The name is not printed: it may be the token itself, given by mistake.
    throw new CloakwrightError('CW_CONFIG_MISSING', `--token-file: could not read the file (${reason})`, {
      hint: 'Give the path of a file with the token, or pass the token on standard input',
    })
  }
  const token = text.trim()
  if (token !== '' && text.length <= maxLength) return token
  throw new CloakwrightError(
    'CW_TOKEN_MISSING',
    token === '' ? 'The input is empty' : 'The input is too long for a token',
    {
      hint: 'Pipe the token in, or give its file: cloakwright token explain … --token-file FILE',
    },
  )
}

function printToken(tokenText: string, { steps, error }: TokenExplanation): void {
  const said = sayings(tokenText)
  print('token')
  for (const { check, state } of steps) {
    const found = said?.found[check]
    print(`  ${marks[state]} ${check}${found === undefined ? '' : `: ${found}`}`)
    if (state === 'failed') printError(error)
  }
  if (!steps.some(({ state }) => state === 'failed')) printError(error)
  if (said !== undefined) print(`  claims: ${said.names.join(', ')}`)
}

const marks = { passed: '✓', failed: '✗', open: '·' } as const

function printError(error: CloakwrightError | undefined): void {
  if (error === undefined) return
  print(`      ${error.message} (${error.code})`)
  if (error.cause instanceof CloakwrightError) print(`      ${error.cause.message} (${error.cause.code})`)
  if (error.hint !== undefined) print(`      → ${error.hint}`)
}

function codeText({ error }: TokenExplanation, explanation: Explanation | undefined): string {
  const code = error?.code ?? explanation?.code
  return code === undefined ? '' : ` (${code})`
}

function printJson(
  tokenText: string,
  { steps, error }: TokenExplanation,
  policy: Explanation | undefined,
  allowed: boolean,
): void {
  const said = sayings(tokenText)
  const token = {
    accepted: error === undefined,
    steps: steps.map((step) => ({ ...step, found: said?.found[step.check] })),
    claims: said?.names,
    error: error && { code: error.code, message: error.message, hint: error.hint },
  }
  print(JSON.stringify({ allowed, token, policy }, undefined, 2))
}

/**
 * The values of the token that the verifier compares, and the names of all claims: no other value, and nothing of the
 * signature. The values are not verified here; the steps show which checks passed.
 */
function sayings(
  tokenText: string,
): { readonly found: Partial<Record<TokenCheck, string>>; readonly names: readonly string[] } | undefined {
  const [header, claims] = tokenText.split('.', 2).map(membersOf)
  if (header === undefined || claims === undefined) return undefined
  const times = ['iat', 'nbf', 'exp', 'auth_time'].filter((name) => Object.hasOwn(claims, name))
  const found = {
    algorithm: shown(header['alg']),
    key: shown(header['kid']),
    type: `${shown(claims['typ'])}, in the header ${shown(header['typ'])}`,
    issuer: shown(claims['iss']),
    times: times.map((name) => `${name} ${timeOf(claims[name])}`).join(', '),
    audience: shown(claims['aud']),
    'authorized party': shown(claims['azp']),
  }
  return {
    found,
    names: Object.keys(claims)
      .slice(0, 100)
      .map((name) => escaped(name.slice(0, 100))),
  }
}

function membersOf(segment: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(segment, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

function shown(value: unknown): string {
  if (value === undefined) return 'none'
  return escaped(JSON.stringify(value).slice(0, 300))
}

function timeOf(value: unknown): string {
  const milliseconds = typeof value === 'number' ? value * 1000 : Number.NaN
  return Math.abs(milliseconds) <= 8.64e15 ? new Date(milliseconds).toISOString() : shown(value)
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}
