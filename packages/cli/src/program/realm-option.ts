/** The realm by its definition, which has its name in it. */
export const realmOption = '--realm <module>'

/** Who `realm` and `keycloak` log in as. */
export const administratorHelp = `
The administrator: KC_BOOTSTRAP_ADMIN_USERNAME, and KC_BOOTSTRAP_ADMIN_PASSWORD or KC_BOOTSTRAP_ADMIN_PASSWORD_FILE
(admin/admin when they are unset`
