import { createVerifier } from 'cloakwright'
import { afterEach, beforeEach, expect, type MockInstance, test, vi } from 'vitest'
import { canary, type Driver } from '../drivers/types.ts'
import { secret, useWorld } from './world.ts'

/** Without `onRefused`: a failure of the service is not silent where the framework has no log. */
export function testUsualLog(driver: Driver): void {
  const world = useWorld(driver, () => ({
    usualLog: true,
    routes: [{ path: '/broken', guard: (by) => by.requireUser(), handler: 'throws' }],
  }))
  const away = useWorld(driver, () => ({
    usualLog: true,
    guard: { verifier: createVerifier({ issuer: 'http://127.0.0.1:1/realms/shop', audience: 'shop-api' }) },
  }))
  const lines: string[] = []
  let written: MockInstance
  beforeEach(() => {
    lines.length = 0
    written = vi.spyOn(console, 'error').mockImplementation((...parts: unknown[]) => {
      lines.push(parts.join(' '))
    })
  })
  // Not all mocks: other parts of the table have their own.
  afterEach(() => written.mockRestore())

  test('a realm that is away is one line with code, hint and request id', async () => {
    const response = await away.sendToken('/me', await world.sign())
    expect(response.status).toBe(503)
    const { requestId } = response.json() as { requestId: string }
    expect(lines).toHaveLength(driver.writesFailures ? 1 : 0)
    if (driver.writesFailures) {
      expect(lines[0]).toMatch(/^cloakwright: CW_KEYS_UNAVAILABLE: [^\n]+$/)
      expect(lines[0]?.endsWith(` (request ${requestId})`)).toBe(true)
    }
    expect(lines.join('\n')).not.toContain(secret)
  })

  test('an error of the application is a line without its message', async () => {
    await world.sendToken('/broken')
    if (driver.answersErrors && driver.writesFailures)
      expect(lines).toEqual([expect.stringContaining('cloakwright: HTTP_500: Error. Set onRefused')])
    expect(lines.join('\n')).not.toContain(canary)
  })

  test('a refusal that the client caused is no line', async () => {
    expect((await world.send('/me')).status).toBe(401)
    expect(lines).toEqual([])
  })
}
