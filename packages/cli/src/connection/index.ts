/**
 * From options to a realm. In: the options of a command. Out: its administrator, and the frame of a command that
 * changes something. Uses options, environment and terminal; commands use it.
 */

export {
  type ConnectionOptions,
  chosenAccount,
  connect,
  connectToDefine,
  isRealmByDefault,
} from './connection.ts'
export { change, connectToWrite, sure, trailOf, type WriteOptions } from './writes.ts'
