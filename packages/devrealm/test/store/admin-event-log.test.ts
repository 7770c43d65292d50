import { expect, it } from 'vitest'
import { type AdminEvent, AdminEventLog } from '../../src/store/admin-event-log.ts'

const event = (time: number): AdminEvent => ({
  id: String(time),
  time,
  realmId: 'r',
  authDetails: { realmId: 'm', clientId: 'c', userId: 'u', ipAddress: '127.0.0.1' },
  operationType: 'CREATE',
  resourceType: 'USER',
})

it('keeps a bounded number of the newest events', () => {
  const log = new AdminEventLog()
  for (let time = 1; time <= 100_000; time += 1) log.add(event(time))
  const kept = log.all(0, 0)
  expect(kept.length).toBeGreaterThanOrEqual(20_000)
  expect(kept.length).toBeLessThanOrEqual(25_000)
  expect(kept.at(-1)?.time).toBe(100_000)
})

it('drops expired events every quarter of an hour, like Keycloak’s task', () => {
  const log = new AdminEventLog()
  for (const time of [1_000, 500_000, 890_000]) log.add(event(time))
  const times = (now: number, expiration: number): number[] =>
    log.all(now, expiration).map(({ time }) => time)
  expect(times(1_000, 300)).toEqual([1_000, 500_000, 890_000])
  expect(times(900_999, 300)).toEqual([1_000, 500_000, 890_000])
  expect(times(901_000, 300)).toEqual([890_000])
  expect(times(9_000_000, 0)).toEqual([890_000])
})
