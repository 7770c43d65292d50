import { metrics, trace } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { createVerifier } from 'cloakwright'
import { openTelemetry } from 'cloakwright/opentelemetry'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { verifyAtOnceBy } from '../../src/token/index.ts'
import { claimsOf, json, makeKey, signClaims, startIssuer, type TestIssuer } from '../support/issuer.ts'
import { codeOf } from '../support/refusal.ts'

const key = makeKey('one', 'ES256')
const canary = 'CANARY7f3a'
const spans = new InMemorySpanExporter()
let exported: InMemoryMetricExporter
let meters: MeterProvider
let issuer: TestIssuer

beforeEach(async () => {
  issuer = await startIssuer([key.jwk])
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }))
  exported = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter: exported, exportIntervalMillis: 3_600_000 })
  meters = new MeterProvider({ readers: [reader] })
})
afterEach(async () => {
  trace.disable()
  metrics.disable()
  spans.reset()
  await meters.shutdown()
  await issuer.close()
})

/** Every counter's sums, as `name {attributes}`. */
async function counts(): Promise<Record<string, number>> {
  await meters.forceFlush()
  const metricsOf =
    exported
      .getMetrics()
      .at(-1)
      ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? []
  return Object.fromEntries(
    metricsOf.flatMap(({ descriptor, dataPoints }) =>
      dataPoints.map(({ attributes, value }) => [
        `${descriptor.name} ${Object.values(attributes).join(' ')}`,
        value as number,
      ]),
    ),
  )
}

test('counts accepted tokens, cache hits, refusals by code and requests, and shows the slow ones as spans', async () => {
  const verifier = createVerifier({
    issuer: issuer.issuer,
    audience: 'shop-api',
    telemetry: openTelemetry(),
  })
  // An SDK that is set up after the verifier works too.
  metrics.setGlobalMeterProvider(meters)
  const token = await signClaims(key, claimsOf(issuer.issuer, { email: canary }))
  for (let time = 0; time < 3; time++) await verifier.verify(token)
  const expired = await signClaims(key, claimsOf(issuer.issuer, { exp: 1000, email: canary }))
  expect(await codeOf(() => verifier.verify(expired))).toBe('CW_TOKEN_EXPIRED')
  expect(await codeOf(() => verifier.verify('x'))).toBe('CW_TOKEN_MALFORMED')
  expect(await counts()).toEqual({
    'cloakwright.tokens.accepted miss': 1,
    'cloakwright.tokens.accepted hit': 2,
    'cloakwright.tokens.refused CW_TOKEN_EXPIRED': 1,
    'cloakwright.tokens.refused CW_TOKEN_MALFORMED': 1,
    'cloakwright.realm.requests discovery 200': 1,
    'cloakwright.realm.requests keys 200': 1,
  })
  const finished = spans.getFinishedSpans()
  expect(finished.map(({ name }) => name)).toEqual([
    'cloakwright.discovery',
    'cloakwright.keys',
    'cloakwright.verify',
    'cloakwright.verify',
    'cloakwright.verify',
  ])
  expect(finished.map(({ attributes }) => attributes['error.type']).filter(Boolean)).toEqual([
    'CW_TOKEN_EXPIRED',
    'CW_TOKEN_MALFORMED',
  ])
  const everything = JSON.stringify(
    finished.map(({ name, attributes, events }) => [name, attributes, events]),
  )
  expect(everything).not.toContain(canary)
  expect(everything).not.toContain(token.split('.')[1])
})

test('a realm that is down is counted, and results do not change', async () => {
  metrics.setGlobalMeterProvider(meters)
  issuer.answers.jwks = (_request, response) => json(response, {}, 502)
  const verifier = createVerifier({
    issuer: issuer.issuer,
    audience: 'shop-api',
    telemetry: openTelemetry(),
  })
  const token = await signClaims(key, claimsOf(issuer.issuer))
  expect(await codeOf(() => verifier.verify(token))).toBe('CW_KEYS_UNAVAILABLE')
  expect(await counts()).toMatchObject({
    'cloakwright.realm.requests keys 502': 1,
    'cloakwright.tokens.refused CW_KEYS_UNAVAILABLE': 1,
  })
})

test('a token with a known key is still verified synchronously by a guard', async () => {
  const verifier = createVerifier({
    issuer: issuer.issuer,
    audience: 'shop-api',
    cache: false,
    telemetry: openTelemetry(),
  })
  const token = await signClaims(key, claimsOf(issuer.issuer))
  await verifier.verify(token)
  expect(verifyAtOnceBy(verifier)(token)).not.toBeInstanceOf(Promise)
})
