import { expect, test } from 'vitest'
import { OutcomeMap } from '../../../src/jobs/journal/outcome-map.ts'

test('a map of lines keeps the outcome of each, however far apart', () => {
  const map = new OutcomeMap()
  map.set(3, 'created')
  map.set(1_000_000, 'rejected')
  map.set(3, 'existing')
  expect([map.get(2), map.get(3), map.get(999_999), map.get(1_000_000), map.get(5_000_000)]).toEqual([
    undefined,
    'existing',
    undefined,
    'rejected',
    undefined,
  ])
})
