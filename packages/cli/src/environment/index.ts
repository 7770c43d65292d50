/**
 * Variables, profiles and files of secrets. In: a name or a path. Out: what it holds, refused where others may read
 * it. Uses options.
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
