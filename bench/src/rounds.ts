import { median } from './report.ts'

/** One way to do the same work; a promise is awaited. */
export interface Contestant {
  readonly name: string
  /** Resets the state, not measured: forgets all inputs. */
  readonly reset?: () => void | Promise<void>
  readonly run: (input: string, at: number) => unknown
}

/** The measurements of a contestant. */
export interface Measured {
  readonly name: string
  /** Median of the rounds, in microseconds for one input. */
  readonly microseconds: number
  /** Median over the rounds of its time by that of the first contestant in the same round. */
  readonly ratio: number
}

/**
 * Runs all contestants on slices of the inputs, alternating and in rotating order, so that drift of the machine affects all
 * equally. Measures CPU time of all threads of the process: other processes disturb it least, and garbage collection counts.
 */
export async function alternate(
  contestants: readonly Contestant[],
  inputs: readonly string[],
  { rounds, slice }: { readonly rounds: number; readonly slice: number },
): Promise<Measured[]> {
  const times: number[][] = contestants.map(() => [])
  const slices = Math.floor(inputs.length / slice)
  // One pass over the inputs first, so that everything is compiled.
  for (let round = -slices; round < rounds; round++) {
    const start = (((round % slices) + slices) % slices) * slice
    if (start === 0) for (const { reset } of contestants) await reset?.()
    for (let turn = 0; turn < contestants.length; turn++) {
      const index = (Math.abs(round) + turn) % contestants.length
      const contestant = contestants[index]
      if (contestant === undefined) continue
      const time = await timeOf(contestant, inputs, start, start + slice)
      if (round >= 0) times[index]?.push(time / slice)
    }
  }
  return contestants.map(({ name }, index) => ({
    name,
    microseconds: median(times[index] ?? []),
    ratio: median((times[index] ?? []).map((time, round) => time / (times[0]?.[round] ?? Number.NaN))),
  }))
}

async function timeOf(
  { run }: Contestant,
  inputs: readonly string[],
  start: number,
  end: number,
): Promise<number> {
  const before = process.cpuUsage()
  for (let at = start; at < end; at++) {
    const result = run(inputs[at] as string, at)
    if (result instanceof Promise) await result
  }
  const { user, system } = process.cpuUsage(before)
  return user + system
}
