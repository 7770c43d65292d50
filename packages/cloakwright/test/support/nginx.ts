import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** The installed nginx; `undefined` if there is none. */
export const nginx: string | undefined = ['nginx', '/usr/sbin/nginx'].find(
  (file) => spawnSync(file, ['-v']).status === 0,
)

/** A running nginx. */
export interface Nginx {
  close(): Promise<void>
}

/**
 * Starts nginx with one server on loopback, and resolves once it listens.
 *
 * @param server The directives in its block `server`, with `{folder}` for where the files are.
 */
export async function startNginx(
  port: number,
  server: string,
  files: Readonly<Record<string, string>> = {},
): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakwright-nginx-'))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, configuration(folder, server.replaceAll('{folder}', folder)))
  const child = spawn(nginx ?? '', ['-p', folder, '-e', join(folder, 'error.log'), '-c', file])
  await reachable(port, child)
  return {
    async close() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function configuration(folder: string, server: string): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
  ${kinds.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join('\n  ')}
  server {
    ${server}
  }
}
`
}

/** A free port of loopback. */
export async function freePort(): Promise<number> {
  const socket = createServer()
  await new Promise<void>((resolve) => socket.listen(0, '127.0.0.1', resolve))
  const { port } = socket.address() as AddressInfo
  await new Promise((resolve) => socket.close(resolve))
  return port
}

async function reachable(port: number, child: ChildProcess): Promise<void> {
  let text = ''
  child.stderr?.on('data', (data) => (text += String(data)))
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${text}`)
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(socket.destroy() !== undefined))
      socket.on('error', () => resolve(false))
    })
    if (open) return
    await delay(50)
  }
  throw new Error(`nginx does not listen: ${text}`)
}
