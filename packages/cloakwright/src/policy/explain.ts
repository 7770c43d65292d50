import { CloakwrightError } from '../errors.ts'
import type { AccessToken } from '../token/index.ts'
import { isFinal, joinAllOf, joinAnyOf, negate } from './combine.ts'
import { evaluate, InvalidDecision } from './evaluate.ts'
import type { Decision, Policy, PolicyContext } from './types.ts'

/** What a policy says of a token, and why, part by part. Has no claim's value. */
export interface Explanation {
  readonly description: string
  readonly allowed: boolean
  /** Why not; for what could not be decided, the error. */
  readonly reason?: string | undefined
  /** The code of the refusal, or of the error that kept it from being decided. */
  readonly code?: string | undefined
  /** How the parts make up the whole. */
  readonly kind?: 'allOf' | 'anyOf' | 'not' | undefined
  readonly parts?: readonly Explanation[] | undefined
}

/**
 * Explains what a policy says of a token: every part is asked, also those that a request would not come to. A part that
 * throws is shown as such and lets in nobody.
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

/** An explanation as lines for a reader: `✓ realm role admin`, `✗ scope write: missing scope: write`; parts are indented. */
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
    // A foreign error's message may hold anything.
    const known = error instanceof CloakwrightError || error instanceof InvalidDecision
    const reason = known ? error.message : `it threw ${nameOf(error)}`
    const code = error instanceof CloakwrightError ? error.code : undefined
    return { explanation: { description, allowed: false, reason, code }, decision: undefined }
  }
}

/** As the policies themselves do, which an error ends wherever it is come to. */
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
