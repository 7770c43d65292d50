import { CloakwrightError } from '../../errors.ts'
import type { SessionContext } from '../context.ts'
import type { LiveSession, SessionTokens } from '../live-session.ts'
import { type LoginParameters, stepUpOf } from '../login-parameters.ts'
import { isSignedIn } from '../signed-in.ts'
import type { SessionRequest } from '../types.ts'
import { readLive } from '../vault.ts'

/** Seconds: a session that is refused so soon after its login is refused for what the realm did, not for its age. */
const [atLeast, atMost] = [5, 30]

/** Guards that contradict each other ask for different step-ups in turn: after so many in a row, it is a loop. */
const maxInRow = 3

/**
 * A realm may ignore what a login asks for, for example a level that it does not have. Then the page is refused again,
 * right after the login that asked for it: one more redirect would be a loop. So it is if guards contradict each other: the
 * step-up that one asks for is not enough for the next.
 *
 * @throws {CW_STEP_UP_REQUIRED}
 */
export async function refuseRepeated(
  context: SessionContext,
  request: SessionRequest,
  parameters: LoginParameters,
): Promise<void> {
  const stepUp = stepUpOf(parameters)
  const key = context.keyOf(request)
  if (stepUp === undefined || key === undefined) return
  const live = await readLive(context, key)
  if (live === undefined) return
  if (isRecent(context, live, atMost) && (live.tokens.stepUps ?? 0) >= maxInRow) throw notReached()
  if (live.tokens.stepUp !== stepUp) return
  const { max_age } = parameters
  const limit = max_age === undefined ? atMost : Math.min(Math.max(Number(max_age), atLeast), atMost)
  if (isRecent(context, live, limit)) throw notReached()
}

/** What the session of a login remembers, so that step-ups are no loop. */
export function countStepUp(
  context: SessionContext,
  stepUp: string | undefined,
  replaced: LiveSession | undefined,
): Pick<SessionTokens, 'stepUp' | 'stepUps'> {
  if (stepUp === undefined) return {}
  const before = replaced !== undefined && isRecent(context, replaced, atMost) ? replaced.tokens.stepUps : 0
  return { stepUp, stepUps: (before ?? 0) + 1 }
}

function isRecent({ config }: SessionContext, { record }: LiveSession, seconds: number): boolean {
  return config.now() - record.createdAt < seconds * 1000
}

/** Whether a login asks for a step-up of a live session, which continues if the user cancels it. */
export async function isStepUp(
  context: SessionContext,
  request: SessionRequest,
  parameters: LoginParameters,
): Promise<boolean> {
  return stepUpOf(parameters) !== undefined && (await isSignedIn(context, request))
}

/** The page of a user who is signed in, but not as the policy needs: 403, since the same request is refused again. */
function notReached(): CloakwrightError {
  return new CloakwrightError(
    'CW_STEP_UP_REQUIRED',
    'The user has just signed in as the policy asks, and the new token still does not satisfy it',
    {
      status: 403,
      hint: 'Keycloak: map the acr to a level (ACR to LoA Mapping), and give the browser flow a condition “Level of Authentication” for it. The client scopes acr and basic map the claims acr and auth_time.',
    },
  )
}

/** The user cancelled the step-up, or the realm refused it. */
export function stepUpRefused(cause: CloakwrightError): CloakwrightError {
  return new CloakwrightError('CW_STEP_UP_REQUIRED', 'The stronger or more recent login was refused', {
    status: 403,
    cause,
    hint: 'The session continues as before. Keycloak’s events have the reason.',
  })
}
