export { grants } from './grants.ts'
