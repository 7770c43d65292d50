/** One file per grant of the token endpoint. */

export { mayUseDevices } from './device-code.ts'
export { grants } from './grants.ts'
