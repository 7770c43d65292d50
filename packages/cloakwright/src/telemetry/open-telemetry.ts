import {
  type Counter,
  metrics,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { CloakwrightError } from '../errors.ts'
import { isPromise } from '../promise.ts'
import type { Telemetry } from './types.ts'

/**
 * Reports the work of a verifier through the OpenTelemetry API, to the SDK that the service has set up; without one it does
 * nothing. Spans: `cloakwright.verify` for each token that is not in the cache, `cloakwright.discovery`,
 * `cloakwright.keys` and `cloakwright.introspection` for each request to the realm. Counters:
 * `cloakwright.tokens.accepted` (`cloakwright.cache`: `hit`, `miss`), `cloakwright.tokens.refused` (`error.type`: the
 * code), `cloakwright.realm.requests` (`cloakwright.request`, `http.response.status_code` or `error.type`). None contains a
 * token, a URL or a claim's value.
 *
 * @example
 * ```ts
 * import { createVerifier } from 'cloakwright'
 * import { openTelemetry } from 'cloakwright/opentelemetry'
 *
 * export const verifier = createVerifier({
 *   issuer: 'https://sso.example.com/realms/shop',
 *   audience: 'shop-api',
 *   telemetry: openTelemetry(),
 * })
 * ```
 */
export function openTelemetry(): Telemetry {
  let instruments: Instruments | undefined
  // At first use, so that an SDK that is set up after the verifier works too.
  const use = (): Instruments => (instruments ??= createInstruments())

  return {
    accepted: (fromCache) => use().accepted.add(1, { 'cloakwright.cache': fromCache ? 'hit' : 'miss' }),
    refused: (code) => use().refused.add(1, { 'error.type': code }),
    verification: (work) => inSpan(use().tracer, 'cloakwright.verify', SpanKind.INTERNAL, work),
    async request(what, work) {
      const { requests, tracer } = use()
      return await inSpan(tracer, `cloakwright.${what}`, SpanKind.CLIENT, async (span) => {
        const attributes = { 'cloakwright.request': what }
        try {
          const response = await work()
          const status = { 'http.response.status_code': response.status }
          span.setAttributes(status)
          requests.add(1, { ...attributes, ...status })
          return response
        } catch (error) {
          requests.add(1, { ...attributes, 'error.type': typeOf(error) })
          throw error
        }
      })
    },
  }
}

interface Instruments {
  readonly tracer: Tracer
  readonly accepted: Counter
  readonly refused: Counter
  readonly requests: Counter
}

function createInstruments(): Instruments {
  const meter = metrics.getMeter('cloakwright')
  const counter = (name: string, description: string, unit: string): Counter =>
    meter.createCounter(name, { description, unit })
  return {
    tracer: trace.getTracer('cloakwright'),
    accepted: counter('cloakwright.tokens.accepted', 'Access tokens that were accepted', '{token}'),
    refused: counter('cloakwright.tokens.refused', 'Access tokens that were refused', '{token}'),
    requests: counter('cloakwright.realm.requests', 'Requests to the realm', '{request}'),
  }
}

/** Synchronous work stays synchronous. */
function inSpan<T>(
  tracer: Tracer,
  name: string,
  kind: SpanKind,
  work: (span: Span) => T | Promise<T>,
): T | Promise<T> {
  return tracer.startActiveSpan(name, { kind }, (span) => {
    const fail = (error: unknown): never => {
      span.setStatus({ code: SpanStatusCode.ERROR })
      span.setAttribute('error.type', typeOf(error))
      span.end()
      throw error
    }
    try {
      const result = work(span)
      if (isPromise(result))
        return result.then((value: T) => {
          span.end()
          return value
        }, fail)
      span.end()
      return result
    } catch (error) {
      return fail(error)
    }
  })
}

function typeOf(error: unknown): string {
  if (error instanceof CloakwrightError) return error.code
  return error instanceof Error ? error.name : 'unexpected'
}
