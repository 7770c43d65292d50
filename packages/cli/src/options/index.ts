/**
 * How options are declared. In: a command. Out: its options, and the values that they were given, checked. Used by
 * connection and commands.
 */

export { administratorHelp, realmOption, realmOptionHelp } from './realm-option.ts'
export { pairOf, type RoleOptions, toAttributes, toRoleNames } from './role-options.ts'
export {
  allowHttpOption,
  connects,
  destroys,
  examples,
  profileOption,
  reads,
  realmNameOption,
  records,
  timeHelp,
  userArgument,
  userHelp,
  writes,
} from './shared-options.ts'
export { collect, toCount, toPort, toSeconds, toServer } from './value-parsers.ts'
