/** The Keycloak release that Cloakwright is tested with. */
export const keycloakVersion = '26.7.4'

/** Size and checksum of its archive at Maven Central, keycloak-quarkus-dist-26.7.4.zip. */
export const keycloakArchive: { readonly bytes: number; readonly sha256: string } = {
  bytes: 176_717_726,
  sha256: 'a286e98b4296d4e75ee88d8527c7cd463b307caa022f088c9f22cffccc741fa1',
}
