// The name 'module.exports' is what `require('cloakwright/keycloak-connect')` gives, as the old package did. TypeScript
// before 5.6 can't read it: package.json sends it to the other file.
export { default, default as 'module.exports' } from './keycloak-connect.ts'
