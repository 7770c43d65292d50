import type { RealmContext } from '../context/index.ts'
import type { User } from '../model/index.ts'
import type { RealmStore } from '../store/index.ts'

/** Whether too many failed logins keep the user out for now. */
export function isLockedOut(context: RealmContext, realm: RealmStore, user: Readonly<User>): boolean {
  if (!realm.info.bruteForceProtected) return false
  const failures = context.failures.get(user.id)
  return failures !== undefined && context.now() < failures.notBefore
}

/** Counts a failed login, and locks the user out by the realm's settings. */
export function recordFailure(
  context: RealmContext,
  realm: RealmStore,
  user: Readonly<User>,
  ip: string,
): void {
  const { info } = realm
  if (!info.bruteForceProtected) return
  const now = context.now()
  const before = context.failures.get(user.id)
  const isForgotten = before !== undefined && now - before.lastFailure > info.maxDeltaTimeSeconds * 1000
  const count = before === undefined || isForgotten ? 1 : before.count + 1
  const failures = {
    count,
    temporaryLockouts: before?.temporaryLockouts ?? 0,
    lastFailure: now,
    lastIp: ip,
    notBefore: before?.notBefore ?? 0,
  }
  let wait = 0
  if (count >= info.failureFactor) {
    if (info.permanentLockout && failures.temporaryLockouts >= info.maxTemporaryLockouts) {
      realm.users.put({ ...user, enabled: false })
    } else {
      wait = Math.min(
        info.waitIncrementSeconds * Math.floor(count / info.failureFactor),
        info.maxFailureWaitSeconds,
      )
    }
  } else if (before !== undefined && now - before.lastFailure < info.quickLoginCheckMilliSeconds) {
    wait = info.minimumQuickLoginWaitSeconds
  }
  if (wait > 0) {
    failures.notBefore = now + wait * 1000
    failures.temporaryLockouts += 1
  }
  context.failures.set(user.id, failures)
}
