import { CloakwrightError } from '../errors.ts'
import type { AccessToken } from '../token/index.ts'
import { isFinal, joinAllOf, joinAnyOf, negate } from './combine.ts'
import { evaluate, InvalidDecision } from './evaluate.ts'
import type { Decision, Policy, PolicyContext } from './types.ts'

/** The result of a policy for a token, with reasons, part by part. Contains no claim's value. */
export interface Explanation {
  readonly description: string
  readonly allowed: boolean
  /** The reason of a refusal; for a part that could not be decided, the error. */
  readonly reason?: string | undefined
  /** The code of the refusal, or of the error that prevented a decision. */
  readonly code?: string | undefined
  /** How the parts are combined. */
  readonly kind?: 'allOf' | 'anyOf' | 'not' | undefined
  readonly parts?: readonly Explanation[] | undefined
}

/**
 * Explains the result of a policy for a token. It evaluates every part, also those that a request would not reach. A
 * part that throws is shown as an error and allows nothing.
 *
 * @example
 * ```ts
 * import { type AccessToken, allOf, anyOf, explain, group, role, scope, toExplanationText } from 'cloakwright'
 *
 * const policy = allOf(role('admin'), anyOf(scope('write'), group('/staff')))
 *
 * export async function why(token: AccessToken): Promise<string> {
 *   const now = Date.now() / 1000
 *   return toExplanationText(await explain(policy, token, { now, request: undefined, tokenText: '' }))
 * }
 * ```
 */
export async function explain(
  policy: Policy,
  token: AccessToken,
  context: PolicyContext,
): Promise<Explanation> {
  return (await explainPart(policy, token, context)).explanation
}

/** Formats an explanation as lines: `✓ realm role admin`, `✗ scope write: missing scope: write`; parts are indented. */
export function toExplanationText(explanation: Explanation): string {
  return linesOf(explanation, '').join('\n')
}

interface Explained {
  readonly explanation: Explanation
  /** `undefined`: it could not be decided. */
  readonly decision: Decision | undefined
}

async function explainPart(policy: Policy, token: AccessToken, context: PolicyContext): Promise<Explained> {
  const { description } = policy
  if (policy.parts === undefined) return await explainLeaf(policy, token, context)
  const { kind, policies } = policy.parts
  const parts: Explained[] = []
  for (const part of policies) parts.push(await explainPart(part, token, context))
  const decision = join(kind, parts, policies)
  const explanation = {
    description,
    kind,
    ...outcomeOf(decision),
    parts: parts.map((part) => part.explanation),
  }
  return { explanation, decision }
}

async function explainLeaf(policy: Policy, token: AccessToken, context: PolicyContext): Promise<Explained> {
  const { description } = policy
  try {
    const decision = await evaluate(policy, token, context)
    return { explanation: { description, ...outcomeOf(decision) }, decision }
  } catch (error) {
    // The message of a foreign error may contain anything.
    const known = error instanceof CloakwrightError || error instanceof InvalidDecision
    const reason = known ? error.message : `it threw ${nameOf(error)}`
    const code = error instanceof CloakwrightError ? error.code : undefined
    return { explanation: { description, allowed: false, reason, code }, decision: undefined }
  }
}

/** Like the policies themselves, which an error ends wherever it occurs. */
function join(
  kind: 'allOf' | 'anyOf' | 'not',
  parts: readonly Explained[],
  policies: readonly Policy[],
): Decision | undefined {
  const decisions = parts.map(({ decision }) => decision)
  const failed = decisions.indexOf(undefined)
  const reached = failed === -1 ? decisions : decisions.slice(0, failed)
  const known = reached as readonly Decision[]
  const settled =
    kind === 'anyOf' ? known.some((one) => one.allowed) : kind === 'allOf' && known.some(isFinal)
  if (failed !== -1 && !settled) return undefined
  if (kind === 'allOf') return joinAllOf(known)
  if (kind === 'anyOf') return joinAnyOf(known)
  return negate(known[0] as Decision, (policies[0] as Policy).description)
}

function outcomeOf(decision: Decision | undefined): Pick<Explanation, 'allowed' | 'reason' | 'code'> {
  if (decision === undefined) return { allowed: false, reason: 'it could not be decided' }
  return decision.allowed
    ? { allowed: true }
    : { allowed: false, reason: decision.reason, code: decision.code }
}

const titles = { allOf: 'all of', anyOf: 'any of', not: 'not' } as const

function linesOf(explanation: Explanation, indentation: string): readonly string[] {
  const { allowed, description, reason, kind, parts = [] } = explanation
  const mark = allowed ? '✓' : '✗'
  if (kind !== undefined)
    return [
      `${indentation}${mark} ${titles[kind]}`,
      ...parts.flatMap((part) => linesOf(part, `${indentation}  `)),
    ]
  return [`${indentation}${mark} ${description}${reason === undefined ? '' : `: ${reason}`}`]
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}
