/** Before any test, however Vitest was started: the tests of the command line run what is built. */
export { prepare as setup } from './prepare.mjs'
