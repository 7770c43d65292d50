/**
 * Connects to a realm. In: the options of a command. Out: an administrator, and the steps around a change (question,
 * trail, result). Uses options, environment and terminal; commands use it.
 */

export {
  type ConnectionOptions,
  chosenAccount,
  connect,
  connectToDefine,
  isRealmByDefault,
} from './connection.ts'
export { change, connectToWrite, sure, trailOf, type WriteOptions } from './writes.ts'
