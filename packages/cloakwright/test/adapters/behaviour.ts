import { describe } from 'vitest'
import { testCalls } from './behaviour/calls.ts'
import { testErrorFormat } from './behaviour/error-format.ts'
import { testForward } from './behaviour/forward.ts'
import { testMessages } from './behaviour/messages.ts'
import { testPages } from './behaviour/pages.ts'
import { testPolicies } from './behaviour/policies.ts'
import { testProofs } from './behaviour/proofs.ts'
import { testResource } from './behaviour/resource.ts'
import { testMultipartForms, testSavedForms } from './behaviour/saved-forms.ts'
import { testSessionRoutes } from './behaviour/session-routes.ts'
import { testSessionStreams } from './behaviour/session-streams.ts'
import { testSessions } from './behaviour/sessions.ts'
import { testSeveralGuards } from './behaviour/several-guards.ts'
import { testStepUp } from './behaviour/step-up.ts'
import { testTenants } from './behaviour/tenants.ts'
import { testTokens } from './behaviour/tokens.ts'
import { testTransport } from './behaviour/transport.ts'
import { testUsualLog } from './behaviour/usual-log.ts'
import type { Driver } from './drivers/types.ts'

/** The behaviour of every adapter, over real HTTP. */
export function testBehaviour(driver: Driver): void {
  describe(driver.name, () => {
    describe('transport', () => testTransport(driver))
    describe('tokens', () => testTokens(driver))
    describe('messages', () => testMessages(driver))
    describe('policies', () => testPolicies(driver))
    describe('proofs', () => testProofs(driver))
    describe('several guards', () => testSeveralGuards(driver))
    describe('own error format', () => testErrorFormat(driver))
    describe('usual log', () => testUsualLog(driver))
    describe('pages', () => testPages(driver))
    describe('resource', () => testResource(driver))
    testSessionBehaviour(driver)
  })
}

/** The part of it that concerns browser sessions. */
export function testSessionBehaviour(driver: Driver): void {
  describe('sessions', () => testSessions(driver))
  describe('routes of sessions', () => testSessionRoutes(driver))
  describe('saved forms of sessions', () => testSavedForms(driver))
  describe('multipart forms of sessions', () => testMultipartForms(driver))
  describe('step-up of sessions', () => testStepUp(driver))
  describe('calls of another API', () => testCalls(driver))
  describe('forwarding', () => testForward(driver))
  describe('streams of sessions', () => testSessionStreams(driver))
  describe('tenants', () => testTenants(driver))
}
