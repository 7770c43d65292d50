import { CloakwrightError } from 'cloakwright'
import { AttemptCount } from '../../client/index.ts'
import { type End, isOwn, isTimeout } from '../../jobs/index.ts'
import { usersById } from '../../lookup/index.ts'
import { type PlannedUser, toJournalRow } from '../planned-user.ts'
import type { Sending } from './sending.ts'
import { createSingly, proved } from './single-user.ts'

/** Of the pace's batch, which is journaled as a whole, so much goes into one partial import. */
const parts = 4

/**
 * Sends users, and says how each ended. Who would share a name or address with another user is not sent. Those that only Keycloak can check against the user profile are sent one by one, in
 * a way in which it does: a partial import would let them in.
 *
 * A partial import costs Keycloak 40 % less for each user at 20 than at 50, since each role looks through all that is
 * still unwritten.
 */
export async function sendUsers(sending: Sending, users: readonly PlannedUser[]): Promise<End[]> {
  const ends: End[] = []
  const own: PlannedUser[] = []
  for (const user of users) {
    const { line } = user
    const reason = await sending.nameClash(user)
    if (reason === undefined) own.push(user)
    else ends.push({ line, outcome: 'rejected', reason })
  }
  const checked = own.filter((user) => !sending.isUnchecked(user))
  for (let at = 0; at < checked.length; ) {
    const size = Math.ceil(sending.pace.batch / parts)
    ends.push(...(await sendTogether(sending, checked.slice(at, at + size))))
    at += size
  }
  for (const user of own) {
    if (sending.isUnchecked(user)) ends.push(await sendUnchecked(sending, user))
  }
  return ends
}

/** `POST users` checks; but it gives ids of its own. */
async function sendUnchecked(sending: Sending, user: PlannedUser): Promise<End> {
  if (user.row.user.id === undefined) return await createSingly(sending, user)
  const [end] = await sendTogether(sending, [user])
  const isMade = end?.outcome === 'created' && end.id === undefined
  return isMade ? await proved(sending, user, end) : (end as End)
}

/**
 * A partial import is one transaction: one bad user fails all. So what fails is sent again in halves, down to the users that
 * Keycloak does not take; these are created alone, for its precise reason.
 */
async function sendTogether(
  sending: Sending,
  users: readonly PlannedUser[],
  isRepeated: boolean = false,
): Promise<End[]> {
  const [first] = users
  try {
    return await partialImport(sending, users, isRepeated)
  } catch (error) {
    const splits = isDivisible(error) || (users.length > 1 && isTimeout(error))
    if (!splits || first === undefined) throw error
    if (users.length === 1) return [await createSingly(sending, first)]
  }
  const middle = Math.ceil(users.length / 2)
  const before = await sendTogether(sending, users.slice(0, middle), true)
  return [...before, ...(await sendTogether(sending, users.slice(middle), true))]
}

async function partialImport(
  sending: Sending,
  users: readonly PlannedUser[],
  isRepeated: boolean,
): Promise<End[]> {
  const { admin, pace } = sending
  const { client, realm } = admin
  const rep = { ifResourceExists: 'SKIP' as const, users: users.map(({ representation }) => representation) }
  // What takes the server too long may pass in halves.
  const repeats = (error: unknown): boolean => users.length === 1 || !isTimeout(error)
  const count = new AttemptCount()
  const { results } = await pace.send(() => client.realms.partialImport({ realm, rep }, count), repeats)
  // Not in the order of the users: those that are skipped come first, the others in none.
  const resultByName = new Map(results.map((result) => [result.resourceName.toLowerCase(), result]))
  // Another import of this file has made those that are skipped, or an earlier attempt has, whose response was lost.
  const mayBeOwn = (user: PlannedUser): boolean =>
    (isRepeated || count.attempts > 1 || sending.isBegun(user)) &&
    resultByName.get(user.name)?.action !== 'ADDED'
  const unsure = users.filter(mayBeOwn).map(({ id }) => id)
  const there = await pace.send(() => usersById(client, realm, unsure))
  return users.map((user): End => {
    const { line, id, name } = user
    const result = resultByName.get(name)
    if (result === undefined)
      return { line, outcome: 'rejected', reason: 'Keycloak reported no result for this user' }
    if (result.id !== id) return { line, outcome: 'existing' }
    const found = there.get(id)
    const isMade = result.action === 'ADDED' || (found !== undefined && isOwn(toJournalRow(user), found))
    return { line, outcome: isMade ? 'created' : 'present' }
  })
}

/** Something in the batch is at fault, not the server or the caller's rights. */
function isDivisible(error: unknown): boolean {
  const codes = ['CW_ADMIN_CONFLICT', 'CW_ADMIN_REFUSED', 'CW_ADMIN_FAILED']
  return error instanceof CloakwrightError && codes.includes(error.code)
}
