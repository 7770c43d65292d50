/**
 * Declares options. In: a command. Out: its options, and their checked values. Used by connection and commands.
 */

export { administratorHelp, bootstrapHelp, realmOption, realmOptionHelp } from './realm-option.ts'
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
  serverOption,
  timeHelp,
  userArgument,
  userHelp,
  writes,
} from './shared-options.ts'
export { collect, toCount, toPort, toSeconds, toServer } from './value-parsers.ts'
