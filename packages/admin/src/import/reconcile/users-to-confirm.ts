import type { UserRepresentation } from '../../client/index.ts'
import type { RealmFacts } from '../../jobs/index.ts'
import { hiddenAttributes } from '../profile/index.ts'
import { Fingerprints } from './fingerprints.ts'
import { WantedMemberships } from './wanted-memberships.ts'

/** Up to so many users it costs less to read what each has than who has each role and group. */
const fewUsers = 100

/** The users that an import made or found, and that are read again after it: noted one by one while it makes them. */
export class UsersToConfirm {
  readonly memberships: WantedMemberships = new WantedMemberships()
  readonly fingerprints: Fingerprints = new Fingerprints()
  readonly #facts: RealmFacts
  readonly #few: { readonly line: number; readonly id: string }[] = []
  #count = 0

  constructor(facts: RealmFacts) {
    this.#facts = facts
  }

  get count(): number {
    return this.#count
  }

  /** All of them, where they are so few that each is read by itself. */
  get few(): readonly { readonly line: number; readonly id: string }[] | undefined {
    return this.#count > fewUsers ? undefined : this.#few
  }

  add(line: number, id: string, wanted: UserRepresentation): void {
    this.#count += 1
    this.memberships.want(line, id, wanted, this.#facts)
    this.fingerprints.want(id, comparedFields(this.#facts, wanted))
    if (this.#few.length < fewUsers) this.#few.push({ line, id })
  }
}

/** What the row has for the user itself, as Keycloak keeps it; attributes that the realm hides are left out. */
export function comparedFields(facts: RealmFacts, wanted: UserRepresentation): UserRepresentation {
  const { enabled = false, emailVerified, firstName, lastName, email, attributes = {} } = wanted
  const hidden = hiddenAttributes(facts.profile, Object.keys(attributes))
  const shown = Object.entries(attributes)
    .filter(([name]) => !hidden.includes(name))
    .map(([name, value]) => [name, (Array.isArray(value) ? value : [value]).map(String)] as const)
  return {
    enabled,
    ...(emailVerified === undefined ? {} : { emailVerified }),
    ...(firstName === undefined ? {} : { firstName }),
    ...(lastName === undefined ? {} : { lastName }),
    ...(email === undefined ? {} : { email: email.toLowerCase() }),
    attributes: Object.fromEntries(shown),
  }
}
