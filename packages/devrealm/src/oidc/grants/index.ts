/** One file per grant of the token endpoint. */
export { grants } from './grants.ts'
