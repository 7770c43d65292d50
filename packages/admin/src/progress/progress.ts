/** The progress of a job. */
export interface JobProgress {
  /** `checking`, `importing`, `reconciling`, `undoing`, … */
  readonly phase: string
  readonly done: number
  /** Undefined while it is unknown. */
  readonly total: number | undefined
  readonly rejected: number
  /** Rows per second, in this phase and run. */
  readonly perSecond: number
  readonly secondsLeft: number | undefined
}

export type ProgressListener = (progress: JobProgress) => void

/** Counts one phase of a job and reports at most ten times a second. */
export interface Phase {
  /** Adds finished rows, and how many of them were rejected. Rows of an earlier run do not count for the rate. */
  add(done: number, rejected?: number, earlier?: boolean): void
  /** Reports the end of the phase. */
  end(): void
}

const interval = 100

export function startPhase(
  phase: string,
  total: number | undefined,
  listener: ProgressListener | undefined,
): Phase {
  const began = performance.now()
  let told = Number.NEGATIVE_INFINITY
  let done = 0
  let rejected = 0
  let counted = 0

  function tell(): void {
    told = performance.now()
    const seconds = (told - began) / 1000
    const perSecond = seconds > 0 ? counted / seconds : 0
    const left = total === undefined ? undefined : total - done
    const secondsLeft =
      left === undefined || left === 0 ? left : perSecond === 0 ? undefined : left / perSecond
    listener?.({ phase, done, total, rejected, perSecond, secondsLeft })
  }

  return {
    add(more, moreRejected = 0, earlier = false) {
      done += more
      rejected += moreRejected
      if (!earlier) counted += more
      if (performance.now() - told >= interval) tell()
    },
    end: tell,
  }
}
