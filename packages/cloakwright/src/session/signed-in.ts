import { sha256 } from '../sealing.ts'
import type { SessionContext } from './context.ts'
import type { SessionRequest } from './types.ts'
import { readLive } from './vault.ts'

/** Whether the browser has a live session. */
export async function isSignedIn(context: SessionContext, request: SessionRequest): Promise<boolean> {
  const value = context.cookies.readSession(request)
  return value !== undefined && (await readLive(context, sha256(value))) !== undefined
}
