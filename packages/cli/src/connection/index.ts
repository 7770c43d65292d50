export {
  type ConnectionOptions,
  chosenAccount,
  connect,
  connectToDefine,
  isRealmByDefault,
} from './connection.ts'
export { change, connectToWrite, sure, trailOf, type WriteOptions } from './writes.ts'
