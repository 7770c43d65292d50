import { type Load, openLoad } from './load.ts'

/**
 * How long a session can still be used on the other replica after its user has signed out on one, while both are under load:
 * milliseconds from the start of each logout to the first refusal.
 *
 * @param here The origin of the replica that signs out.
 * @param ending The cookies of the sessions to end.
 * @param staying The cookies of the sessions in the load.
 */
export async function measureLogoutEffect(
  here: string,
  there: string,
  ending: readonly string[],
  staying: () => string | undefined,
): Promise<number[]> {
  const times: number[] = []
  for (const cookie of ending) {
    await underLoad([here, there], staying, async () => {
      // Cached on both.
      for (const origin of [here, there])
        if ((await statusOf(origin, cookie)) !== 200)
          throw new Error(`${origin}: the session is not accepted`)
      const started = performance.now()
      const [refusedAt] = await Promise.all([untilRefused(there, cookie), signOut(here, cookie)])
      times.push(refusedAt - started)
    })
  }
  return times
}

async function underLoad(
  origins: readonly string[],
  cookie: () => string | undefined,
  work: () => Promise<void>,
): Promise<void> {
  const loads: Load[] = []
  let working = true
  try {
    for (const origin of origins) loads.push(await openLoad(origin, 16, 'Cookie: '))
    const running = loads.map((load) => load.run('/guarded', () => (working ? cookie() : undefined), longest))
    await Promise.all([...running, work().finally(() => (working = false))])
  } finally {
    for (const load of loads) load.close()
  }
}

const longest = 10_000

async function untilRefused(origin: string, cookie: string): Promise<number> {
  const deadline = performance.now() + longest
  while (performance.now() < deadline) {
    const status = await statusOf(origin, cookie)
    if (status === 401) return performance.now()
    if (status !== 200) throw new Error(`${origin}/guarded: ${status}`)
  }
  throw new Error(`${origin}/guarded: the session is still accepted after ${longest / 1000} s`)
}

async function statusOf(origin: string, cookie: string): Promise<number> {
  const response = await fetch(`${origin}/guarded`, { headers: { cookie } })
  await response.arrayBuffer()
  return response.status
}

async function signOut(origin: string, cookie: string): Promise<void> {
  const response = await fetch(`${origin}/auth/logout`, {
    method: 'POST',
    headers: {
      cookie,
      'sec-fetch-site': 'same-origin',
      'content-type': 'application/x-www-form-urlencoded',
    },
    redirect: 'manual',
  })
  if (response.status >= 400) throw new Error(`${origin}/auth/logout: ${response.status}`)
}
