/** Builds before any test, however Vitest was started: the tests of the command line run the built files. */
import { useMemoryForTemporaryFiles } from './lib/test-folder.mjs'
import { makeTestKeys } from './lib/test-keys.mjs'
import { prepare } from './prepare.mjs'

export async function setup() {
  await prepare()
  await makeTestKeys()
  return useMemoryForTemporaryFiles()
}
