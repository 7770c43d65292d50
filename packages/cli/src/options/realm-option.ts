/** The realm by its definition, which has its name in it. */
export const realmOption = '--realm <module>'

/** What such a file may be. */
export const realmOptionHelp =
  'a module whose default export is (env) => RealmDefinition, or JSON as realm export writes it'

/** Who `realm` and `keycloak` log in as. */
export const administratorHelp = `
The administrator: KC_BOOTSTRAP_ADMIN_USERNAME, and KC_BOOTSTRAP_ADMIN_PASSWORD or KC_BOOTSTRAP_ADMIN_PASSWORD_FILE
(admin/admin when they are unset`
