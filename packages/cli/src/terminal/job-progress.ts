import type { JobProgress } from '@cloakwright/admin/jobs'
import { Interrupted } from '../exit.ts'
import { note } from './output.ts'
import { abortedBySignals } from './stop-signals.ts'

/** How a job is stopped and reports its progress. */
export interface Job {
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal
  readonly onProgress: (progress: JobProgress) => void
}

/**
 * Runs a long job and shows its progress. The first Ctrl+C stops it cleanly: the program exits with 130 and prints
 * `resume`. The second one exits at once.
 */
export async function runJob<T>(resume: string, work: (job: Job) => Promise<T>): Promise<T> {
  const signal = abortedBySignals()
  const bar = process.stderr.isTTY ? await createBar() : createLines()
  try {
    return await work({ signal, onProgress: bar.show })
  } catch (error) {
    // A failure during the stop is reported too.
    if (error !== signal.reason) throw error
    throw new Interrupted(`Stopped. ${resume}`)
  } finally {
    bar.end()
  }
}

/** Shows the progress of a job. */
interface Display {
  readonly show: (state: JobProgress) => void
  readonly end: () => void
}

/** Milliseconds between two lines of one phase. */
const interval = 10_000

/** Without a terminal: a line every ten seconds and at the end of each phase. */
function createLines(): Display {
  let last: JobProgress | undefined
  let told = performance.now()
  const tell = (): void => {
    if (last !== undefined) note(lineOf(last))
    told = performance.now()
  }
  return {
    show(state) {
      if (last !== undefined && last.phase !== state.phase) tell()
      last = state
      if (performance.now() - told >= interval) tell()
    },
    end() {
      tell()
      last = undefined
    },
  }
}

function lineOf(state: JobProgress): string {
  const { phase, done, total, rejected } = state
  const of = total === undefined ? '' : ` of ${total}`
  return `${phase}: ${done}${of}${rejected === 0 ? '' : `, ${rejected} rejected`}, ${paceOf(state)}`
}

function paceOf({ perSecond, secondsLeft }: JobProgress): string {
  const left = secondsLeft === undefined ? '' : `, ${timeOf(secondsLeft)} left`
  return `${Math.round(perSecond)}/s${left}`
}

/** Formats seconds: `48 s`, `3 min`, `2 h 5 min`. */
function timeOf(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

async function createBar(): Promise<Display> {
  const { default: cliProgress } = await import('cli-progress')
  let phase: string | undefined
  const bar = new cliProgress.SingleBar({
    format: (options, { progress, value }, { state }: { state: JobProgress }) =>
      state.total === undefined
        ? lineOf(state)
        : `${state.phase} ${cliProgress.Format.BarFormat(progress, options)} ${countOf(progress, value, state)}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    clearOnComplete: true,
    stream: process.stderr,
    // The job handles the signals.
    gracefulExit: false,
  })
  return {
    show(state) {
      const { done, total = 0 } = state
      if (phase === state.phase) {
        bar.setTotal(total)
        bar.update(done, { state })
        return
      }
      phase = state.phase
      bar.stop()
      bar.start(total, done, { state })
    },
    end: () => bar.stop(),
  }
}

function countOf(progress: number, value: number, state: JobProgress): string {
  const { total, rejected } = state
  const percent = `${Math.floor(progress * 100)}%`.padStart(4)
  const rejections = rejected === 0 ? '' : `, ${rejected} rejected`
  return `${percent}  ${value} of ${total}${rejections}, ${paceOf(state)}`
}
