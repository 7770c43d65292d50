/**
 * Variables, profiles and secret files. In: a name or a path. Out: its content; a file that others can read is
 * refused. Uses options.
 */

export { profileFolder, readProfile } from './profile.ts'
export { readSecretFile, writeSecretFile } from './secret-files.ts'
export {
  administrator,
  bootstrapAdmin,
  keycloakPort,
  keycloakRealm,
  keycloakServer,
  partFolder,
  variable,
} from './variables.ts'
