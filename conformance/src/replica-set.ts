import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type Reply, send } from './http.ts'
import { appSecret, openRealm, type TestRealm } from './realm.ts'
import { type RealmProxy, startRealmProxy } from './realm-proxy.ts'

/** The origin that browsers would use; the replicas listen on other ports of the same host. */
export const publicUrl = 'http://localhost:8000'
export const users = ['alice', 'bob'] as const
export type User = (typeof users)[number]

/** One process of the service. */
export interface Replica {
  readonly process: ChildProcess
  readonly url: string
}

/** A service with browser sessions in several processes, on one store and one realm. */
export interface ReplicaSet {
  readonly realm: TestRealm
  /** Between the replicas and the realm. */
  readonly proxy: RealmProxy
  readonly replicas: Replica[]
  /** Starts one more process. */
  start(): Promise<Replica>
  /** Ends a process with SIGKILL. */
  kill(replica: Replica): Promise<void>
  /** Signs in on a replica; the result is the session cookie. */
  signIn(replica: Replica, user: User): Promise<string>
  /** Requests the protected route with a session. */
  ask(replica: Replica, cookie: string): Promise<Reply>
  close(): Promise<void>
}

/**
 * Opens a realm, and starts three replicas.
 *
 * @param storeUrl PostgreSQL or Redis.
 * @param tokenLifetime Seconds. The replicas refresh half a second before the end of a token.
 */
export async function openReplicaSet(storeUrl: string, tokenLifetime: number): Promise<ReplicaSet> {
  const key = randomBytes(32).toString('base64')
  const realm = await openRealm({ accessTokenLifespan: tokenLifetime })
  await realm.addClient({
    clientId: 'service',
    redirectUris: [`${publicUrl}/*`],
    protocolMappers: [
      {
        name: 'audience',
        protocol: 'openid-connect',
        protocolMapper: 'oidc-audience-mapper',
        config: { 'included.client.audience': 'service', 'access.token.claim': 'true' },
      },
    ],
  })
  for (const username of users) await realm.addUser(username)
  const proxy = await startRealmProxy(realm.issuer)
  const options = {
    issuer: realm.issuer,
    internalUrl: proxy.url,
    clientSecret: appSecret,
    publicUrl,
    key,
    storeUrl,
  }
  const start = (): Promise<Replica> => startReplica(JSON.stringify(options))
  const replicas = await Promise.all([1, 2, 3].map(start))
  return {
    realm,
    proxy,
    replicas,
    start,
    kill,
    signIn: (replica, user) => signIn(realm, replica, user),
    ask: ({ url }, cookie) => send(`${url}/me`, { headers: { cookie } }),
    async close() {
      await Promise.all(replicas.map(kill))
      await proxy.close()
      await realm.close()
    },
  }
}

async function startReplica(options: string): Promise<Replica> {
  // The built packages: the runner’s own options select their sources.
  const child = fork(new URL('session-service.mjs', import.meta.url), [options], { execArgv: [] })
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message: { port: number }) => resolve(message.port))
    child.once('exit', (code) => reject(new Error(`the replica ended with ${code}`)))
  })
  return { process: child, url: `http://localhost:${port}` }
}

async function kill({ process: child }: Replica): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

async function signIn(realm: TestRealm, { url }: Replica, user: User): Promise<string> {
  const login = await send(`${url}/auth/login`)
  const page = await realm.browser().login(login.location(), user, user)
  const callback = page.location()
  const headers = { cookie: cookiesOf(login) }
  const answer = await send(`${url}${callback.pathname}${callback.search}`, { headers })
  if (answer.status !== 303)
    throw new Error(`the callback answered ${answer.status}: ${answer.text.slice(0, 300)}`)
  return cookiesOf(answer)
}

function cookiesOf(reply: Reply): string {
  return reply.headers
    .getSetCookie()
    .map((line) => line.split(';')[0] ?? '')
    .filter((pair) => !pair.endsWith('='))
    .join('; ')
}
