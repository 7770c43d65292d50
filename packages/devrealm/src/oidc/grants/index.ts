/** A file for each grant of the token endpoint. */
export { grants } from './grants.ts'
