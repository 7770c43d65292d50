export { profileFolder, readProfile } from './profile.ts'
export { writeSecretFile } from './secret-files.ts'
export {
  administrator,
  bootstrapAdmin,
  isLoopback,
  keycloakPort,
  keycloakRealm,
  keycloakServer,
  partFolder,
  readSecretFile,
  variable,
} from './variables.ts'
