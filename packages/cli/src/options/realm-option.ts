/** The file with a realm's definition, which also has its name. */
export const realmOption = '--realm <module>'

/** The forms of that file. */
export const realmOptionHelp =
  'a module whose default export is (env) => RealmDefinition, or JSON from realm export'

/** The account that `realm` signs in with. */
export const administratorHelp = `
Credentials, in order:
  1. those of the profile
  2. the administrator KC_BOOTSTRAP_ADMIN_USERNAME, with KC_BOOTSTRAP_ADMIN_PASSWORD or
     KC_BOOTSTRAP_ADMIN_PASSWORD_FILE (admin/admin if unset, only for a server on this machine)`

/** The account that `devrealm` and `keycloak` create. */
export const bootstrapHelp = `
The first start creates the administrator KC_BOOTSTRAP_ADMIN_USERNAME with
KC_BOOTSTRAP_ADMIN_PASSWORD or KC_BOOTSTRAP_ADMIN_PASSWORD_FILE (default: admin/admin).`
