import type { Command } from 'commander'

/** The roles of realm-management that a command needs. */
export interface RequiredRoles {
  readonly roles: readonly string[]
  /** Additional roles for an option. */
  readonly more?: Readonly<Record<string, readonly string[]>>
  /** Other roles for an option, which replace `roles`. */
  readonly instead?: Readonly<Record<string, readonly string[]>>
}

const roleOptions = { '--role': ['view-realm'], '--client-role': ['view-clients'] }
const clientRoles = { '--client': ['view-clients'] }

/** By command. packages/admin has the same by request, recorded on Keycloak. */
export const requiredRoles: Readonly<Record<string, RequiredRoles>> = {
  'users list': { roles: ['view-users'], more: { '--memberships': ['view-realm', 'view-clients'] } },
  'users get': { roles: ['view-users'] },
  'users create': { roles: ['manage-users'], more: roleOptions },
  // For the password policy.
  'users reset-password': { roles: ['manage-users'], more: { '--generate': ['view-realm'] } },
  'users disable': { roles: ['manage-users'], more: { '--file': ['view-realm'] } },
  'users enable': { roles: ['manage-users'] },
  'users delete': { roles: ['manage-users'] },
  'users require-mfa': { roles: ['manage-users', 'view-realm'] },
  'users send-actions': { roles: ['manage-users'] },
  'users import': { roles: ['manage-realm', 'manage-users', 'view-clients'] },
  'users assign': { roles: ['manage-users', 'view-realm', 'view-clients'] },
  'users export': { roles: ['view-users', 'view-realm', 'view-clients'] },
  'users undo': { roles: ['manage-users', 'view-realm', 'view-clients'] },
  'roles list': { roles: ['view-realm'], instead: clientRoles },
  'roles members': {
    roles: ['view-realm', 'view-users'],
    more: { '--effective': ['view-realm', 'view-clients'] },
    instead: { '--client': ['view-clients', 'view-users'] },
  },
  'roles create': {
    roles: ['manage-realm'],
    more: { '--includes-client-role': ['manage-clients'] },
    instead: { '--client': ['manage-clients'] },
  },
  'roles delete': { roles: ['manage-realm'], instead: { '--client': ['manage-clients'] } },
  'roles grant': {
    roles: ['manage-users', 'view-realm'],
    instead: { '--client': ['manage-users', 'view-clients'] },
  },
  'roles revoke': {
    roles: ['manage-users', 'view-realm'],
    instead: { '--client': ['manage-users', 'view-clients'] },
  },
  'groups list': { roles: ['view-users'] },
  'groups members': { roles: ['view-users'] },
  'groups create': { roles: ['manage-users'], more: roleOptions },
  'groups delete': { roles: ['manage-users'] },
  'groups move': { roles: ['manage-users'] },
  'groups add': { roles: ['manage-users'] },
  'groups remove': { roles: ['manage-users'] },
  'groups set': { roles: ['manage-users'] },
  'sessions list': { roles: ['view-users'], instead: clientRoles },
  'sessions end': { roles: ['manage-users'] },
  'secret status': { roles: ['view-clients', 'view-realm'] },
  'secret rotate': {
    roles: ['manage-clients', 'view-realm'],
    more: { '--set-up-policy': ['manage-realm'] },
  },
  'events list': { roles: ['view-events'] },
  'events follow': { roles: ['view-events'] },
}

/** Adds the required roles to the help of each command. */
export function addRequiredRoles(program: Command): void {
  for (const [words, needed] of Object.entries(requiredRoles)) {
    const command = words
      .split(' ')
      .reduce<Command | undefined>((at, word) => at?.commands.find((each) => each.name() === word), program)
    command?.addHelpText('after', `\n${textOf(needed)}`)
  }
}

/** All roles that the command needs with its options, as text. The error of a refused request names only its own. */
export function neededBy(command: Command): string | undefined {
  const words: string[] = []
  for (let at: Command | null = command; at?.parent != null; at = at.parent) words.unshift(at.name())
  const needed = requiredRoles[words.join(' ')]
  if (needed === undefined) return undefined
  const isGiven = (flag: string) =>
    command.options.some(
      (option) => option.long === flag && command.getOptionValueSource(option.attributeName()) === 'cli',
    )
  const { roles, more = {}, instead = {} } = needed
  const others = Object.entries(instead).find(([flag]) => isGiven(flag))?.[1]
  const added = Object.entries(more).flatMap(([flag, names]) => (isGiven(flag) ? names : []))
  const all = [...new Set([...(others ?? roles), ...added])]
  return `cloakwright ${words.join(' ')} needs these roles of the client realm-management: ${listed(all)}`
}

function textOf({ roles, more = {}, instead = {} }: RequiredRoles): string {
  const options = [
    ...Object.entries(more).map(([option, added]) => `  with ${option}, also ${listed(added)}`),
    ...Object.entries(instead).map(([option, others]) => `  with ${option}, ${listed(others)} instead`),
  ]
  return ['Required roles of the client realm-management:', `  ${listed(roles)}`, ...options].join('\n')
}

function listed(roles: readonly string[]): string {
  return roles.length < 2 ? roles.join() : `${roles.slice(0, -1).join(', ')} and ${roles.at(-1)}`
}
