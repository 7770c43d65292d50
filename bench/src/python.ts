import { execFile, spawn } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type AppProcess, untilListening } from './app-process.ts'

const run = promisify(execFile)
const sources = fileURLToPath(new URL('../python/', import.meta.url))
const environment = fileURLToPath(new URL('../../.cache/bench-python/', import.meta.url))
const attempts = 3

/** Starts the original design (FastAPI) in one Python process; `undefined`, with a message, without Python. */
export async function startPython(issuer: string): Promise<AppProcess | undefined> {
  const python = await prepare()
  if (python === undefined) return undefined
  const child = spawn(python, [join(sources, 'app.py'), issuer], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const port = await new Promise<number>((resolve, reject) => {
    createInterface(child.stdout).once('line', (line) => resolve(Number(line)))
    child.once('exit', (code) => reject(new Error(`FastAPI exited with code ${code} before it listened`)))
    child.once('error', reject)
  })
  const origin = `http://127.0.0.1:${port}`
  await untilListening(`${origin}/open`)
  return {
    origin,
    processorTime: async () => 0,
    memory: async () => 0,
    async stop() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** The interpreter of the benchmark's own virtual environment, created at the first run and when the requirements change. */
async function prepare(): Promise<string | undefined> {
  const windows = process.platform === 'win32'
  const python = join(environment, windows ? 'Scripts/python.exe' : 'bin/python')
  const requirements = join(sources, 'requirements.txt')
  const wanted = await readFile(requirements, 'utf8')
  const marker = join(environment, 'installed.txt')
  if ((await readFile(marker, 'utf8').catch(() => undefined)) === wanted) return python

  const system = windows ? 'python' : 'python3'
  try {
    await run(system, ['--version'])
  } catch {
    process.stderr.write(`peers: FastAPI is skipped: ${system} is not installed\n`)
    return undefined
  }
  process.stderr.write('peers: creating the Python virtual environment, about 20 s\n')
  await rm(environment, { recursive: true, force: true })
  await mkdir(environment, { recursive: true })
  await run(system, ['-m', 'venv', environment])
  for (let attempt = 1; ; attempt++) {
    try {
      // Wheels only: a source distribution would run its own code at the installation.
      const options = ['--quiet', '--only-binary', ':all:', '--requirement', requirements]
      await run(python, ['-m', 'pip', 'install', ...options], { timeout: 300_000 })
      break
    } catch (error) {
      if (attempt === attempts) throw error
      process.stderr.write(`peers: the download failed, attempt ${attempt + 1} of ${attempts} in 5 s\n`)
      await pause(5_000)
    }
  }
  await writeFile(marker, wanted)
  return python
}
