import { median } from './report.ts'

/** What is measured in turn with others. */
export interface Target<Measurement> {
  readonly name: string
  measure(): Promise<Measurement>
}

/**
 * Measures each target once per round, rotating the order by one each round, so that drift of the machine affects all equally.
 * Prints the remaining time on standard error. Returns each target's measurements in the order of the rounds.
 */
export async function inTurns<Measurement>(
  title: string,
  targets: readonly Target<Measurement>[],
  rounds: number,
): Promise<readonly (readonly Measurement[])[]> {
  const measured: Measurement[][] = targets.map(() => [])
  const started = performance.now()
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < targets.length; turn++) {
      const index = (round + turn) % targets.length
      const target = targets[index]
      if (target !== undefined) measured[index]?.push(await target.measure())
    }
    const left = ((performance.now() - started) / (round + 1)) * (rounds - round - 1)
    if (round % 5 === 4 && round < rounds - 1)
      process.stderr.write(
        `${title}: round ${round + 1} of ${rounds}, about ${Math.ceil(left / 1000)} s left\n`,
      )
  }
  return measured
}

/** The median; a round that measured nothing (NaN) does not count. */
export function medianOf(values: readonly number[] = []): number {
  return median(values.filter(Number.isFinite))
}

/** The median over the rounds of one target's value divided by another's. */
export function medianRatio(values: readonly number[] = [], base: readonly number[] = []): number {
  return medianOf(values.map((value, round) => value / (base[round] ?? Number.NaN)))
}

/** Returns the items in sequence, then undefined. */
export function oneByOne<Item>(items: readonly Item[]): () => Item | undefined {
  let next = 0
  return () => items[next++]
}

/** Returns the items in sequence, again and again. */
export function endlessly<Item>(items: readonly Item[]): () => Item | undefined {
  let next = oneByOne(items)
  return () => {
    const item = next()
    if (item !== undefined) return item
    next = oneByOne(items)
    return next()
  }
}

/** What a ratio of rates to a peer's says. */
export function standing(factor: number): string {
  return factor >= 1 ? `${factor.toFixed(2)} × ahead` : `${(1 / factor).toFixed(2)} × behind`
}
