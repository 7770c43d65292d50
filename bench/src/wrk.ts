import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { provide, runs } from '../../scripts/lib/system.mjs'

/** Keep-alive connections of wrk, which keeps even the fastest server here busy all the time. */
export interface Wrk {
  /**
   * Requests per second of a URL.
   *
   * @throws for a response other than 2xx: the measurement is discarded
   */
  rate(url: string, seconds: number): Promise<number>
  /** Removes the files. */
  stop(): Promise<void>
}

/** Installs wrk if it can. */
export async function provideWrk(): Promise<void> {
  await provide([{ name: 'wrk', found: () => runs('which', 'wrk'), package: 'wrk' }])
}

/** @param cookies The values of the `Cookie` header, which take turns. */
export function openWrk(connections: number, cookies: readonly string[]): Wrk {
  const folder = mkdtempSync(join(tmpdir(), 'cloakwright-wrk-'))
  const script = join(folder, 'requests.lua')
  writeFileSync(script, toScript(cookies), { mode: 0o600 })
  return {
    async rate(url, seconds) {
      const options = ['--threads', '1', '--connections', `${connections}`, '--duration', `${seconds}s`]
      const { stdout } = await promisify(execFile)('wrk', [...options, '--script', script, url])
      const failed = /^ *(Non-2xx.*|Socket errors.*)$/m.exec(stdout)?.[1]
      if (failed !== undefined) throw new Error(`${url}: ${failed}`)
      return Number(/^Requests\/sec: *([\d.]+)$/m.exec(stdout)?.[1])
    },
    async stop() {
      rmSync(folder, { recursive: true })
    },
  }
}

/** What Node's own fetch sends, with one cookie after the other. */
function toScript(cookies: readonly string[]): string {
  const headers = Object.entries({
    Accept: '*/*',
    'Accept-Language': '*',
    'Sec-Fetch-Mode': 'cors',
    'User-Agent': 'node',
    'Accept-Encoding': 'gzip, deflate',
  })
  return `
local requests, next = {}, 0
init = function()
  ${headers.map(([name, value]) => `wrk.headers["${name}"] = ${JSON.stringify(value)}`).join('\n  ')}
  for index, cookie in ipairs({ ${cookies.map((cookie) => JSON.stringify(cookie)).join(', ')} }) do
    wrk.headers["Cookie"] = cookie
    requests[index] = wrk.format()
  end
end
request = function()
  next = next % #requests + 1
  return requests[next]
end
`
}
