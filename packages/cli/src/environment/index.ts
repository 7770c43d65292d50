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
