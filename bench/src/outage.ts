import { randomUUID } from 'node:crypto'
import { Agent, get } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { startApp } from './app-process.ts'
import { type Issuer, makeKey, type SigningKey, signTokens, startIssuer } from './issuer.ts'
import { bound, boundHead, printTable } from './report.ts'

const perSecond = 500
/** Cloakwright's default, in seconds. */
const coolDown = 5
const attacksPerSecond = 20
const outageSeconds = 60

/** Key rotation and a realm outage under load: counts wrongly refused requests and requests to the realm. */
export async function benchOutage(): Promise<boolean> {
  const held = [await benchRotation(), await benchRealmDown()]
  return !held.includes(false)
}

/** Rotations in seconds from the start: two in normal operation, two during an attack with unknown keys. */
const rotations = [4, 8, 16, 23]
const attackFrom = 12
const rotationSeconds = 30

/**
 * After a rotation every request at once has a token of the new key: harder than in practice, where tokens are renewed
 * gradually.
 */
async function benchRotation(): Promise<boolean> {
  const issuer = await startIssuer()
  const agent = new Agent({ keepAlive: true })
  try {
    process.stderr.write(`outage: key rotation under load, about ${rotationSeconds + 10} s\n`)
    const keys = [...issuer.keys]
    for (const number of rotations.keys()) keys.push(await makeKey(`rotated-${number + 1}`))
    const tokens = await Promise.all(keys.map((key) => signTokens(issuer, key, 500)))
    const app = await startApp('cloakwright-fastify', issuer.issuer)
    try {
      const url = `${app.origin}/guarded`
      const valid = new Outcomes()
      const attacks = new Outcomes()
      let current = 0
      const fetchesAtStart = issuer.fetches.length
      const started = performance.now()
      const rotate = async (): Promise<void> => {
        for (const [index, second] of rotations.entries()) {
          await pause(started + second * 1000 - performance.now())
          // The old keys stay published, as passive keys do; the new one signs.
          issuer.keys = keys.slice(0, index + 2).toReversed()
          current = index + 1
        }
      }
      const attack = async (): Promise<void> => {
        await pause(started + attackFrom * 1000 - performance.now())
        await atRate(attacksPerSecond, rotationSeconds - attackFrom, () =>
          attacks.add(send(url, unknownKey(), agent)),
        )
      }
      const serve = (): Promise<void> =>
        atRate(perSecond, rotationSeconds, (number) => {
          const token = tokens[current]?.[number % 500] ?? ''
          valid.add(send(url, token, agent))
        })
      await Promise.all([rotate(), attack(), serve()])
      await Promise.all([valid.settled(), attacks.settled()])
      const fetches = issuer.fetches.slice(fetchesAtStart).map((time) => (time - started) / 1000)
      const underAttack = fetches.filter((second) => second >= attackFrom)
      const gaps = underAttack.slice(1).map((second, index) => second - (underAttack[index] ?? 0))
      printTable(
        `Key rotation under load (${perSecond} requests/s for ${rotationSeconds} s; after ${attackFrom} s also ${attacksPerSecond} tokens/s with unknown keys)`,
        [
          ['', 'sent', 'status 200', 'other statuses', 'slowest, ms'],
          ['valid tokens', ...valid.row()],
          ['unknown keys', ...attacks.row()],
          ['rotations at, s', rotations.join(', '), '', '', ''],
          ['JWKS fetches at, s', fetches.map((second) => second.toFixed(1)).join(', '), '', '', ''],
        ],
      )
      const windows = Math.ceil((rotationSeconds - attackFrom) / coolDown)
      return printTable('Limits', [
        boundHead,
        bound('valid requests refused', valid.refused, 'at most', 0, 0),
        bound('requests with unknown keys accepted', attacks.accepted, 'at most', 0, 0),
        bound(
          'JWKS fetches (one per rotation and per cool-down)',
          fetches.length,
          'at most',
          rotations.length + windows,
          0,
        ),
        bound(
          'shortest time between fetches under attack, s',
          Math.min(...gaps),
          'at least',
          coolDown - 0.1,
          2,
        ),
      ])
    } finally {
      await app.stop()
    }
  } finally {
    agent.destroy()
    await issuer.stop()
  }
}

/** Seconds before and after the outage. */
const aroundOutage = 5
/** The minimum key refresh interval in seconds, so the outage is noticed several times. */
const keysMaxAge = 10

async function benchRealmDown(): Promise<boolean> {
  const issuer = await startIssuer()
  const agent = new Agent({ keepAlive: true })
  try {
    const seconds = outageSeconds + 2 * aroundOutage
    const count = (perSecond / 2) * seconds
    process.stderr.write(`outage: realm outage under load, about ${seconds + count / 2500 + 2} s\n`)
    const [key] = issuer.keys as readonly [SigningKey]
    const [fresh, known] = await Promise.all([signTokens(issuer, key, count), signTokens(issuer, key, 50)])
    const app = await startApp('cloakwright-fastify', issuer.issuer, { KEYS_MAX_AGE: String(keysMaxAge) })
    try {
      const url = `${app.origin}/guarded`
      const seen = new Outcomes()
      const unseen = new Outcomes()
      const before = issuer.fetches.length
      const serve = (): Promise<void> =>
        atRate(perSecond, seconds, (number) => {
          if (number % 2 === 0) seen.add(send(url, known[(number / 2) % known.length] ?? '', agent))
          else unseen.add(send(url, fresh[(number - 1) / 2] ?? '', agent))
        })
      await Promise.all([serve(), goDown(issuer)])
      await Promise.all([seen.settled(), unseen.settled()])
      printTable(
        `The realm is down for ${outageSeconds} s (${perSecond} requests/s; keys are refreshed every ${keysMaxAge} s)`,
        [
          ['', 'sent', 'status 200', 'other statuses', 'slowest, ms'],
          ['known tokens', ...seen.row()],
          ['new tokens', ...unseen.row()],
          ['JWKS fetches after the outage', String(issuer.fetches.length - before), '', '', ''],
        ],
      )
      return printTable('Limits', [
        boundHead,
        bound('valid requests refused', seen.refused + unseen.refused, 'at most', 0, 0),
      ])
    } finally {
      await app.stop()
    }
  } finally {
    agent.destroy()
    await issuer.stop()
  }
}

async function goDown(issuer: Issuer): Promise<void> {
  await pause(aroundOutage * 1000)
  await issuer.stop()
  await pause(outageSeconds * 1000)
  await issuer.start()
}

/** Starts the given number per second, whether earlier ones are done or not, like users. */
async function atRate(rate: number, seconds: number, start: (number: number) => void): Promise<void> {
  const began = performance.now()
  for (let number = 0; number < rate * seconds; ) {
    const due = Math.min(rate * seconds, ((performance.now() - began) * rate) / 1000)
    while (number < due) start(number++)
    await pause(10)
  }
}

interface Outcome {
  /** The status; 0 without a response. */
  readonly status: number
  readonly milliseconds: number
}

function send(url: string, token: string, agent: Agent): Promise<Outcome> {
  const started = performance.now()
  return new Promise((resolve) => {
    const settle = (status: number): void => resolve({ status, milliseconds: performance.now() - started })
    get(url, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
      response.resume().once('end', () => settle(response.statusCode ?? 0))
    }).once('error', () => settle(0))
  })
}

/** A token with an unknown key. */
function unknownKey(): string {
  const header = Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'JWT', kid: randomUUID() }))
  return `${header.toString('base64url')}.e30.${Buffer.alloc(256, 1).toString('base64url')}`
}

/** The results of requests. */
class Outcomes {
  accepted = 0
  refused = 0
  #slowest = 0
  readonly #others = new Map<number, number>()
  readonly #pending = new Set<Promise<void>>()

  add(request: Promise<Outcome>): void {
    const settling = request.then(({ status, milliseconds }) => {
      this.#pending.delete(settling)
      this.#slowest = Math.max(this.#slowest, milliseconds)
      if (status === 200) this.accepted++
      else {
        this.refused++
        this.#others.set(status, (this.#others.get(status) ?? 0) + 1)
      }
    })
    this.#pending.add(settling)
  }

  async settled(): Promise<void> {
    await Promise.all(this.#pending)
  }

  row(): string[] {
    const others = [...this.#others].map(([status, count]) => `${count} × ${status === 0 ? 'none' : status}`)
    return [
      String(this.accepted + this.refused),
      String(this.accepted),
      others.join(', ') || 'none',
      this.#slowest.toFixed(0),
    ]
  }
}
