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
