import type { SessionContext } from './context.ts'
import type { SessionRequest } from './types.ts'
import { readLive } from './vault.ts'

/** Whether the browser has a live session. */
export async function isSignedIn(context: SessionContext, request: SessionRequest): Promise<boolean> {
  const key = context.keyOf(request)
  return key !== undefined && (await readLive(context, key)) !== undefined
}
